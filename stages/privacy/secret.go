package privacy

import (
	"bytes"
	"math"
)

// A tokenForm is a kind of secret that its issuer has given a prefix to be found by.
type tokenForm struct {
	prefix            string
	shortest, longest int // bytes after the prefix
	marks             string
	mixed             bool // after the prefix letters and digits, or letters of both cases, are mixed
}

// tokenForms are in groups by first letter. Sources are the pages of the issuers:
// docs.aws.amazon.com/IAM (unique identifiers), github.blog (2021-04-05, behind GitHub's new authentication token
// formats), docs.gitlab.com (token overview), api.slack.com/authentication/token-types, cloud.google.com/docs
// (API keys), docs.stripe.com/keys, platform.openai.com, docs.anthropic.com, huggingface.co/docs/hub/security-tokens,
// docs.npmjs.com, pypi.org/help, docs.digitalocean.com, sendgrid.com.
var tokenForms = byFirst(
	tokenForm{"A3T", 17, 17, "", false},
	tokenForm{"AKIA", 16, 16, "", false}, // AWS, an access key
	tokenForm{"ASIA", 16, 16, "", false},
	tokenForm{"ABIA", 16, 16, "", true},
	tokenForm{"ACCA", 16, 16, "", true},
	tokenForm{"AIza", 35, 35, "-_", false}, // Google
	tokenForm{"GOCSPX-", 28, 28, "-_", true},
	tokenForm{"ya29.", 30, 2048, "-_", true},
	tokenForm{"ghp_", 36, 255, "", true}, // GitHub
	tokenForm{"gho_", 36, 255, "", true},
	tokenForm{"ghu_", 36, 255, "", true},
	tokenForm{"ghs_", 36, 255, "", true},
	tokenForm{"ghr_", 36, 255, "", true},
	tokenForm{"github_pat_", 36, 255, "_", true},
	tokenForm{"glpat-", 20, 255, "-_.", true}, // GitLab
	tokenForm{"gldt-", 20, 255, "-_.", true},
	tokenForm{"glrt-", 20, 255, "-_.", true},
	tokenForm{"xoxa-", 15, 255, "-", true}, // Slack
	tokenForm{"xoxb-", 15, 255, "-", true},
	tokenForm{"xoxe-", 15, 255, "-", true},
	tokenForm{"xoxo-", 15, 255, "-", true},
	tokenForm{"xoxp-", 15, 255, "-", true},
	tokenForm{"xoxr-", 15, 255, "-", true},
	tokenForm{"xoxs-", 15, 255, "-", true},
	tokenForm{"xapp-", 15, 255, "-", true},
	tokenForm{"sk_live_", 16, 255, "", true}, // Stripe
	tokenForm{"sk_test_", 16, 255, "", true},
	tokenForm{"rk_live_", 16, 255, "", true},
	tokenForm{"rk_test_", 16, 255, "", true},
	tokenForm{"whsec_", 24, 255, "+/=", true},
	tokenForm{"sk-ant-", 32, 255, "-_", true}, // Anthropic
	tokenForm{"sk-", 32, 255, "-_", true},     // OpenAI
	tokenForm{"hf_", 34, 40, "", false},       // Hugging Face
	tokenForm{"npm_", 36, 36, "", true},
	tokenForm{"pypi-AgE", 50, 255, "-_", true},
	tokenForm{"dop_v1_", 64, 64, "", true}, // DigitalOcean
	tokenForm{"SG.", 60, 70, "-_.", true},  // SendGrid
)

func byFirst(all ...tokenForm) (t [128][]tokenForm) {
	for _, form := range all {
		t[form.prefix[0]] = append(t[form.prefix[0]], form)
	}
	return t
}

// token looks for a secret with a prefix, or a JSON web token, that begins with the word text[start:end].
func (f *finder) token(start, end int) {
	text := f.text
	if c := at(text, start-1); c == '_' || c == '-' {
		return
	}
	if end-start >= 10 && text[start] == 'e' && text[start+1] == 'y' && text[start+2] == 'J' {
		f.webToken(start)
		return
	}
	for _, form := range tokenForms[text[start]] {
		if !bytes.HasPrefix(text[start:], []byte(form.prefix)) {
			continue
		}
		begin := start + len(form.prefix)
		i, all := begin, class(0)
		for i < len(text) && i-begin <= form.longest {
			c := text[i]
			if classes[c]&inWord == 0 && bytes.IndexByte([]byte(form.marks), c) < 0 {
				break
			}
			all |= classes[c]
			i++
		}
		for i > begin && text[i-1] == '.' {
			i-- // of the sentence
		}
		if n := i - begin; n < form.shortest || n > form.longest || at(text, i) == '_' ||
			form.mixed && !isMixed(all, form.prefix == "sk-") {
			continue
		}
		if form.prefix[0] == 'A' && form.marks == "" && all&isLower != 0 {
			continue // AWS gives capitals and digits
		}
		f.addSecret(start, i)
		return
	}
}

// isMixed says whether bytes of the classes all are a random string and not words. Classes of style sheets
// begin with sk- too: there only digits tell.
func isMixed(all class, digits bool) bool {
	if all&isDigit != 0 {
		return all&(isUpper|isLower) != 0
	}
	return all&isUpper != 0 && all&isLower != 0 && !digits
}

func (f *finder) addSecret(start, end int) {
	f.add(secret, start, end)
	f.secretEnd = end
}

// webToken looks for a signed JSON web token (RFC 7519): two objects, which base64url makes begin with
// eyJ, and a signature, with points between.
func (f *finder) webToken(start int) {
	const most = 8192 // a part
	text, i := f.text, start
	for part := range 3 {
		begin := i
		for i < len(text) && i-begin < most && (classes[text[i]]&inWord != 0 || text[i] == '-' || text[i] == '_') {
			i++
		}
		if i-begin < 10 || i-begin == most || part == 1 && !bytes.HasPrefix(text[begin:], []byte("eyJ")) {
			return
		}
		if part < 2 {
			if at(text, i) != '.' {
				return
			}
			i++
		}
	}
	f.addSecret(start, i)
}

const keyBegins = "-----BEGIN "

// privateKey looks for a private key in PEM (RFC 7468) or OpenPGP's armour at text[i:], up to its last line. A key
// that is cut off goes as far as its base64 does.
func (f *finder) privateKey(i int) {
	const most = 16 << 10
	text := f.text
	rest := text[i+len(keyBegins):]
	label := bytes.Index(rest[:min(len(rest), 64)], []byte("-----"))
	if label < 0 || !bytes.Contains(rest[:label], []byte("PRIVATE KEY")) || i < f.secretEnd {
		return
	}
	body := i + len(keyBegins) + label + len("-----")
	limit := min(len(text), body+most)
	if limit > f.noKeyEnd {
		const keyEnds = "-----END "
		if n := bytes.Index(text[body:limit], []byte(keyEnds)); n >= 0 {
			end := body + n + len(keyEnds)
			tail := text[end:min(len(text), end+64)]
			if n := bytes.Index(tail, []byte("-----")); n >= 0 {
				end += n + len("-----")
			}
			f.addSecret(i, end)
			return
		}
		f.noKeyEnd = limit
	}
	end := body
	for j := body; j < limit; j++ {
		c := text[j]
		if classes[c]&inWord != 0 || c == '+' || c == '/' || c == '=' {
			end = j + 1
		} else if c != '\n' && c != '\r' && c != '\\' {
			break
		}
	}
	f.addSecret(i, end)
}

// assigned looks for a value that is given to a name such as password, secret_key or "apiToken" by the = or : at
// text[i]: 16 to 256 letters, digits and marks of base64, among them a digit and a letter, and with at least 3.5 bits
// of entropy per byte (Shannon), which words and paths do not reach at that length as a rule. The value is found, without its quotes.
func (f *finder) assigned(i int) {
	const least, most = 16, 256
	text := f.text
	begin := i + 1
	if at(text, begin) == '=' || at(text, begin) == '>' {
		begin++ // ==, => and :=
	}
	for range 2 {
		if at(text, begin) == ' ' {
			begin++
		}
	}
	quoted := isQuote(at(text, begin))
	if quoted {
		begin++
	}
	end, all := begin, class(0)
	var counts [128]uint16
	for ; end < len(text) && end-begin <= most; end++ {
		c := text[end]
		if classes[c]&inWord == 0 && c != '+' && c != '/' && c != '=' && c != '_' && c != '-' && c != '.' && c != '~' {
			break
		}
		all |= classes[c]
		counts[c]++
	}
	for end > begin && (text[end-1] == '.' || text[end-1] == '-') {
		end--
		counts[text[end]]--
	}
	n := end - begin
	if n < least || n > most || all&isDigit == 0 || all&(isUpper|isLower) == 0 || begin < f.secretEnd {
		return
	}
	if next := at(text, end); next == '(' || next == '[' || next == '{' || next == '<' || next == '%' || quoted && !isQuote(next) {
		return // a call, a template, or the first word of a phrase
	}
	if !f.nameIsSecret(i) {
		return
	}
	bits := 0.0
	for _, k := range counts {
		if k > 0 {
			p := float64(k) / float64(n)
			bits -= p * math.Log2(p)
		}
	}
	if bits >= 3.5 {
		f.addSecret(begin, end)
	}
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// nameIsSecret says whether a name of a secret ends before text[i:].
func (f *finder) nameIsSecret(i int) bool {
	text := f.text
	for n := 0; n < 3; n++ {
		c := at(text, i-1)
		if c != ' ' && !isQuote(c) && c != ':' {
			break
		}
		i--
	}
	var buffer [16]byte // the end of the name, without _ and -
	k := len(buffer)
	for k > 0 && i > 0 {
		c := text[i-1]
		if c != '_' && c != '-' {
			if classes[c]&inWord == 0 {
				break
			}
			k--
			buffer[k] = c | 0x20
		}
		i--
	}
	if bytes.HasSuffix(buffer[k:], []byte("publickeytoken")) {
		return false // of .NET, which publishes it
	}
	for _, ending := range secretNames {
		if bytes.HasSuffix(buffer[k:], []byte(ending)) {
			return true
		}
	}
	return false
}

var secretNames = []string{"password", "passwd", "pwd", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey",
	"accountkey", "authkey", "signingkey", "encryptionkey", "passphrase", "sharedkey", "accesskeyid", "sharedaccesskey"}
