package catalog

import (
	"sluice/stages/clean"
	"sluice/stages/job"
)

func cleans() job.Catalog {
	return job.Catalog{
		"clean.boilerplate": job.NewEntry("remove paragraphs at the top or bottom that speak of cookies, policies and terms of use",
			clean.DefaultBoilerplate(), clean.NewBoilerplate),
		"clean.c4_lines": job.NewEntry("keep lines that look like running text, and texts with enough of them, as C4 does",
			clean.DefaultC4Lines(), clean.NewC4Lines),
		"clean.fasttext_label": job.NewEntry("make lines of texts for fastText to learn from, with a label in front",
			clean.FastTextLabel{}, clean.NewFastTextLabel).Needs("label", `"__label__hq"`),
		"clean.lines": job.NewEntry("remove lines that are on a list",
			clean.Lines{}, clean.NewLines).Needs("patterns", `["Advertisement", "Read more"]`),
		"clean.markdown": job.NewEntry("remove the marks of Markdown for bold, italic and links",
			clean.DefaultMarkdown(), clean.NewMarkdown),
		"clean.newlines": job.NewEntry("make two line feeds of three or more",
			clean.Newlines{}, clean.NewNewlines),
		"clean.quotes": job.NewEntry("remove quotation marks around a whole text",
			clean.Quotes{}, clean.NewQuotes),
		"clean.refinedweb_lines": job.NewEntry("remove lines that are no text, and texts that lose too many words by it, as RefinedWeb does",
			clean.DefaultRefinedWebLines(), clean.NewRefinedWebLines),
		"clean.slice": job.NewEntry("keep what lies between two places of the text",
			clean.DefaultSlice(), clean.NewSlice),
		"clean.unicode": job.NewEntry("fix mojibake, entities and control characters, as ftfy does",
			clean.DefaultUnicode(), clean.NewUnicode),
		"clean.urls": job.NewEntry("remove links",
			clean.URLs{}, clean.NewURLs),
	}
}
