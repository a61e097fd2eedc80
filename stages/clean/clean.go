// Package clean holds the stages that change texts, one file each: what NeMo
// Curator calls modifiers, with its parameters under their names.
//
// Lengths and indices are code points, white space is what Python's str.isspace says.
// A text of which nothing is left is an empty text; whether such a sample stays is for
// a filter to say.
package clean

import (
	"errors"
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// oneRewriter returns the stage of r, unless there are complaints about its table.
func oneRewriter(c stages.Common, r stages.Rewriter, complaints ...error) ([]stages.Stage, error) {
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewRewriter(c, r)}, nil
}

// spaceEnd returns where the first white space of text[i:] begins.
func spaceEnd(text []byte, i int) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if scan.IsSpace(rune(c)) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if scan.IsSpace(r) {
			return i
		}
		i += size
	}
	return i
}

// spaceAt says that text ends at i, or has white space there.
func spaceAt(text []byte, i int) bool {
	if i == len(text) {
		return true
	}
	r, _ := utf8.DecodeRune(text[i:])
	return scan.IsSpace(r)
}

// isWord is what \w matches in Python's re.
func isWord(r rune) bool { return r == '_' || unicode.In(r, unicode.L, unicode.N) }
