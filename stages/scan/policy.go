package scan

// HasPolicy says whether text in small letters has one of the phrases by which C4
// (Raffel et al. 2020, https://arxiv.org/abs/1910.10683) and NeMo Curator know policies
// and banners of cookies. The longer sentences that are on their lists beside these
// hold one of them, but for those in whole sentences below.
func HasPolicy(low []byte) bool {
	if has(low, "cookie") {
		for _, phrase := range []string{"cookie policy", "uses cookies", "use of cookies", "use cookies", "privacy & cookies policy", "privacy and cookies policy"} {
			if has(low, phrase) {
				return true
			}
		}
		if hasSentence(low) {
			return true
		}
	}
	return has(low, "privacy") && (has(low, "privacy policy") || has(low, "privacy overview")) || has(low, "terms of use")
}

func has(text []byte, phrase string) bool { return Index(text, []byte(phrase)) >= 0 }

// Sentences of cookie banners, as sites write them.
const (
	necessary = "necessary cookies are absolutely essential for the website to function properly. " +
		"this category only includes cookies that ensures basic functionalities and security features of the website. " +
		"these cookies do not store any personal information."
	unnecessary = "any cookies that may not be particularly necessary for the website to function and is used specifically " +
		"to collect user personal data via analytics, ads, other embedded contents are termed as non-necessary cookies. " +
		"it is mandatory to procure user consent prior to running these cookies on your website."
	browsing = "if you continue to browse this site without changing your cookie settings, you agree to this use. acceptread more"
)

func hasSentence(low []byte) bool {
	return has(low, necessary) || has(low, unnecessary) || has(low, browsing)
}
