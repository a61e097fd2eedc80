package text

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// PornographicURLs is the table of text.pornographic_urls.
type PornographicURLs struct {
	Regex string `toml:"url_regex" doc:"what a link is, in the syntax of RE2; default: http(s):// and what may follow it"`

	links func(*scan.Document) []scan.Span
}

// NewPornographicURLs returns the filter that drops texts with a link that
// has "porn" in it, in small letters. The score is 1 for such a text, and 0 for others.
func NewPornographicURLs(c stages.Common, f PornographicURLs) ([]stages.Stage, error) {
	links, err := linkFinder(f.Regex)
	f.links = links
	return stages.OneFilter(c, f, err)
}

// Score returns 1 or 0.
func (f PornographicURLs) Score(d *scan.Document) float64 {
	for _, l := range f.links(d) {
		if bytes.Contains(d.At(l), []byte("porn")) {
			return 1
		}
	}
	return 0
}

// Keep keeps texts without such a link.
func (f PornographicURLs) Keep(score float64) bool { return score != 1 }
