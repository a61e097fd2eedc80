package code

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"golang.org/x/net/html"

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
// file. Tags are found as HTML5 says; NeMo Curator finds them with BeautifulSoup's html.parser,
// which reads broken tags in its own way.
func NewHTMLBoilerplate(c stages.Common, f HTMLBoilerplate) ([]stages.Stage, error) {
	var few error
	if f.MinChars < 0 {
		few = fmt.Errorf("min_lang_content_num_chars = %d is negative", f.MinChars)
	}
	return stages.OneFilter(c, &htmlBoilerplate{HTMLBoilerplate: f}, stages.CheckShare("min_lang_content_ratio", f.Min), few)
}

type htmlBoilerplate struct {
	HTMLBoilerplate
	readers sync.Pool // of *bytes.Reader
}

// Score returns the share.
func (f *htmlBoilerplate) Score(d *scan.Document) float64 {
	r, ok := f.readers.Get().(*bytes.Reader)
	if !ok {
		r = new(bytes.Reader)
	}
	defer f.readers.Put(r)
	r.Reset(d.Text())
	n := seenInHTML(r)
	if int64(n) < f.MinChars && len(d.Text()) > 0 {
		return 0
	}
	return float64(n) / float64(d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f *htmlBoilerplate) Keep(score float64) bool { return score >= f.Min }

// seenInHTML counts the code points of the text of a page.
func seenInHTML(r io.Reader) (n int) {
	z := html.NewTokenizer(r)
	hidden := false // within script or style
	for {
		switch z.Next() {
		case html.ErrorToken:
			return n
		case html.TextToken:
			if !hidden {
				n += scan.CodePoints(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			if hidden = string(name) == "script" || string(name) == "style"; !hidden {
				z.NextIsNotRawText() // what is in noscript, title and the like has tags, too
			}
		case html.EndTagToken:
			hidden = false
		}
	}
}
