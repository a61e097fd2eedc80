package text

import (
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// BulletRatio is the table of text.bullet_ratio.
type BulletRatio struct {
	Max float64 `toml:"max_bullet_lines_ratio" doc:"largest share of lines that begin with a bullet"`
}

// DefaultBulletRatio has NeMo Curator's bounds.
func DefaultBulletRatio() BulletRatio { return BulletRatio{0.9} }

// NewBulletRatio returns the filter that keeps texts of which at most Max of the
// lines that are not blank begin, after white space, with one of "•‣⁃⁌⁍∙○●◘◦⦾⦿": a hyphen or an
// asterisk is no bullet. The score is that share, none without lines. Source: Gopher (Rae et
// al. 2021, https://arxiv.org/abs/2112.11446, table A1).
func NewBulletRatio(c stages.Common, f BulletRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, f, stages.CheckShare("max_bullet_lines_ratio", f.Max))
}

// Score returns the score.
func (f BulletRatio) Score(d *scan.Document) float64 {
	n := 0
	for _, l := range d.Lines() {
		if isBullet(d.Text()[l.First:l.Last]) {
			n++
		}
	}
	return divide(n, len(d.Lines()))
}

// Keep says whether that score stays.
func (f BulletRatio) Keep(score float64) bool { return score <= f.Max }

func isBullet(line []byte) bool {
	if line[0] != 0xe2 {
		return false
	}
	switch r, _ := utf8.DecodeRune(line); r {
	case '•', '‣', '⁃', '⁌', '⁍', '∙', '○', '●', '◘', '◦', '⦾', '⦿':
		return true
	}
	return false
}
