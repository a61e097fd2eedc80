package code

import (
	"fmt"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// HTMLBoilerplate is the table of code.html_boilerplate.
type HTMLBoilerplate struct {
	Min      float64 `toml:"min_lang_content_ratio" doc:"smallest share of characters that are text that a reader sees"`
	MinChars int64   `toml:"min_lang_content_num_chars" doc:"with fewer characters of text the file goes"`
}

// DefaultHTMLBoilerplate has NeMo Curator's bounds.
func DefaultHTMLBoilerplate() HTMLBoilerplate { return HTMLBoilerplate{0.2, 100} }

// NewHTMLBoilerplate returns the filter that keeps HTML files of which at least Min of
// the code points are text outside tags, comments, scripts and styles, with character references
// resolved. The score is that share, and 0 where the text has fewer than MinChars; none for an empty
// file. Text is what BeautifulSoup gives NeMo Curator, whose rules are in page.go; tags are found
// as HTML5 says, and Python's html.parser reads broken ones in its own way.
func NewHTMLBoilerplate(c stages.Common, f HTMLBoilerplate) ([]stages.Stage, error) {
	var few error
	if f.MinChars < 0 {
		few = fmt.Errorf("min_lang_content_num_chars = %d is negative", f.MinChars)
	}
	return stages.OneFilter(c, &htmlBoilerplate{HTMLBoilerplate: f}, stages.CheckShare("min_lang_content_ratio", f.Min), few)
}

type htmlBoilerplate struct {
	HTMLBoilerplate
	pages sync.Pool // of *page
}

// Score returns the share.
func (f *htmlBoilerplate) Score(d *scan.Document) float64 {
	p, ok := f.pages.Get().(*page)
	if !ok {
		p = new(page)
	}
	defer f.pages.Put(p)
	n := p.characters(d.Text())
	if int64(n) < f.MinChars && len(d.Text()) > 0 {
		return 0
	}
	return float64(n) / float64(d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f *htmlBoilerplate) Keep(score float64) bool { return score >= f.Min }
