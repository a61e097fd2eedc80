package text

import (
	"bytes"

	"sluice/stages"
	"sluice/stages/scan"
)

// Ellipsis is the table of text.ellipsis.
type Ellipsis struct {
	Max float64 `toml:"max_num_lines_ending_with_ellipsis_ratio" doc:"largest share of lines that end in an ellipsis or in read more"`
}

// DefaultEllipsis has NeMo Curator's bounds.
func DefaultEllipsis() Ellipsis { return Ellipsis{0.3} }

// NewEllipsis returns the filter that keeps texts of which at most Max of the
// lines that are not blank end, before white space and in any case, in one of "... [...] … (...)
// […] -»", "read more" and "read more..". The score is that share, none without lines. Source:
// C4 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683).
func NewEllipsis(c stages.Common, f Ellipsis) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_num_lines_ending_with_ellipsis_ratio", f.Max))
}

// Score returns the score.
func (f Ellipsis) Score(d *scan.Document) float64 {
	n := 0
	for _, l := range d.Lines() {
		if endsInEllipsis(d.Text()[l.First:l.Last]) {
			n++
		}
	}
	return divide(n, len(d.Lines()))
}

// Keep says whether that score stays.
func (f Ellipsis) Keep(score float64) bool { return score <= f.Max }

// endsInEllipsis looks at what a line may end with: the bracketed marks end in a
// bracket, the others in a full stop, the mark itself, an arrow head, or an e.
func endsInEllipsis(line []byte) bool {
	for _, mark := range []string{"...", "…", "...]", "...)", "…]", "-»"} {
		if !bytes.HasSuffix(line, []byte(mark)) {
			continue
		}
		switch mark {
		case "...]", "…]":
			return bytes.HasSuffix(line[:len(line)-len(mark)], []byte("["))
		case "...)":
			return bytes.HasSuffix(line[:len(line)-len(mark)], []byte("("))
		}
		return true
	}
	const more = "read more"
	line = bytes.TrimSuffix(line, []byte(".."))
	return len(line) >= len(more) && equalFold(line[len(line)-len(more):], more)
}

// equalFold compares with a string of small ASCII letters, in any case of ASCII.
func equalFold(b []byte, low string) bool {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != low[i] {
			return false
		}
	}
	return true
}

// isEllipsis says that a word is one of the marks.
func isEllipsis(word []byte) bool {
	switch string(word) {
	case "...", "[...]", "…", "(...)", "[…]", "-»":
		return true
	}
	return false
}
