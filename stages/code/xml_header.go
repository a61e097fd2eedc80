package code

import (
	"bytes"
	"fmt"

	"sluice/stages"
	"sluice/stages/scan"
)

// XMLHeader is the table of code.xml_header.
type XMLHeader struct {
	Length int64 `toml:"char_prefix_search_length" doc:"characters of the file that are looked at"`
}

// DefaultXMLHeader has NeMo Curator's length.
func DefaultXMLHeader() XMLHeader { return XMLHeader{100} }

// NewXMLHeader returns the filter that drops files that are XML by their first Length
// characters, whatever their names say. The score is 1 for such a file, and 0 for others.
// Source: StarCoder (Li et al. 2023, https://arxiv.org/abs/2305.06161).
func NewXMLHeader(c stages.Common, f XMLHeader) ([]stages.Stage, error) {
	var length error
	if f.Length < 1 {
		length = fmt.Errorf("char_prefix_search_length = %d is below 1", f.Length)
	}
	return stages.OneFilter(c, f, length)
}

// Score returns 1 or 0.
func (f XMLHeader) Score(d *scan.Document) float64 {
	const header = "<?xml version="
	text := d.Text()
	i := bytes.Index(text[:min(int64(len(text)), 4*f.Length)], []byte(header))
	if i < 0 || int64(d.CodePoints(scan.Span{Start: 0, End: uint32(i)}))+int64(len(header)) > f.Length {
		return 0
	}
	return 1
}

// Keep keeps files that are no XML.
func (f XMLHeader) Keep(score float64) bool { return score != 1 }
