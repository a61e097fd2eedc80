package clean

import (
	"bytes"
	"unicode/utf8"

	"sluice/stages"
)

// Quotes is the table of clean.quotes, NeMo Curator's QuotationRemover.
type Quotes struct{}

// NewQuotes returns the stage that removes the quotation marks (U+0022) around a
// whole text of at least one code point. Those around a text of several lines stay where the
// first line ends in one too: it is then quoted by itself.
func NewQuotes(c stages.Common, q Quotes) ([]stages.Stage, error) { return oneRewriter(c, q) }

// Rewrite takes one mark from either end.
func (Quotes) Rewrite(dst, text []byte) []byte {
	if n := len(text); n > 2 && text[0] == '"' && text[n-1] == '"' && utf8.RuneCount(text[:min(n, 9)]) > 2 {
		first, _, more := bytes.Cut(text, []byte("\n"))
		if !more || first[len(first)-1] != '"' {
			text = text[1 : n-1]
		}
	}
	return append(dst, text...)
}
