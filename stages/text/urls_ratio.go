package text

import (
	"fmt"
	"regexp"

	"sluice/stages"
	"sluice/stages/scan"
)

// URLsRatio is the table of text.urls_ratio.
type URLsRatio struct {
	Max   float64 `toml:"max_url_to_text_ratio" doc:"largest share of characters that are links"`
	Regex string  `toml:"url_regex" doc:"what a link is, in the syntax of RE2; default: http(s):// and what may follow it"`

	links func(*scan.Document) []scan.Span
}

// DefaultURLsRatio has NeMo Curator's bound.
func DefaultURLsRatio() URLsRatio { return URLsRatio{Max: 0.2} }

// NewURLsRatio returns the filter that keeps texts of which links are at most
// Max. The score is that share of the code points, 1 for an empty text. Links are what
// [scan.Document.Links] finds unless Regex says otherwise: to count as releases
// of Curator before 2026 did, give it
//
//	https?://(?:[a-zA-Z0-9]|[$-_@.&+]|[!*\(\),]|(?:%[0-9a-fA-F][0-9a-fA-F]))+
func NewURLsRatio(c stages.Common, f URLsRatio) ([]stages.Stage, error) {
	links, err := linkFinder(f.Regex)
	f.links = links
	return stages.OneFilter(c, f, stages.CheckShare("max_url_to_text_ratio", f.Max), err)
}

// linkFinder returns what finds the links of a text.
func linkFinder(pattern string) (func(*scan.Document) []scan.Span, error) {
	if pattern == "" {
		return (*scan.Document).Links, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("url_regex: %w\nlook-around and references to groups are not in RE2", err)
	}
	return func(d *scan.Document) []scan.Span {
		var list []scan.Span
		for _, m := range re.FindAllIndex(d.Text(), -1) {
			list = append(list, scan.Span{Start: uint32(m[0]), End: uint32(m[1])})
		}
		return list
	}, nil
}

// Score returns the share.
func (f URLsRatio) Score(d *scan.Document) float64 {
	if len(d.Text()) == 0 {
		return 1
	}
	n := 0
	for _, l := range f.links(d) {
		n += scan.CodePoints(d.At(l))
	}
	return divide(n, d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f URLsRatio) Keep(score float64) bool { return score <= f.Max }
