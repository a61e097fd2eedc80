package scan

import "unicode/utf8"

//go:generate sh -c "cd tables && go run . > ../tables.go"

// Flags of a class.
const (
	isWord       = 1 << iota // L, N, M, Pc
	isSingle                 // such a one that is a word of its own
	isPython                 // L, N and the underscore: what \w matches
	isCased                  // Cased
	isIgnorable              // Case_Ignorable
	isAlphabetic             // Alphabetic: L, Nl, Other_Alphabetic
)

// A class is what the code points of one class have in common.
type class struct {
	flags uint8
	delta int32 // from the code point to its simple lower case
}

// classOf returns the class of a valid code point.
func classOf(r rune) class {
	return classes[blocks[int(pages[r>>8])<<8|int(r&0xff)]]
}

// A wordRule says what words are.
type wordRule uint8

const (
	unicodeWords wordRule = iota
	pythonWords
)

// Kinds of code points under a word rule.
const (
	outside = iota // no part of a word
	inside         // part of a word
	alone          // a word of its own
	changed        // part of a word, and its lower case is another one
	special        // its lower case depends on what stands around it, or is no part of a word
)

// kind returns the kind of a code point under the rule.
func (w wordRule) kind(r rune, c class) uint8 {
	switch {
	case w == unicodeWords && c.flags&isSingle != 0:
		return alone
	case w == unicodeWords && c.flags&isWord != 0:
		return inside
	case w == pythonWords && (r == capitalSigma || r == dottedI):
		return special
	case w == pythonWords && c.flags&isPython != 0:
		return inside
	}
	return outside
}

// A wordTable holds what the splitter asks for each code point, for one rule.
type wordTable struct {
	// ascii has the lower case of bytes of words, and 0 for others.
	ascii [256]uint8

	// two has for code points below 0x800 the bytes of the lower case, from the
	// low byte up, their number (0 outside words) at bit 24 and the kind at 28.
	two [0x800]uint32

	// kinds has the kind of each class; special cannot be told by the class,
	// but those stand in two.
	kinds [256]uint8
}

// wordTables are indexed by wordRule.
var wordTables = [...]*wordTable{newWordTable(unicodeWords), newWordTable(pythonWords)}

func newWordTable(w wordRule) *wordTable {
	t := new(wordTable)
	for i, c := range classes {
		t.kinds[i] = w.kind(-1, c)
		if t.kinds[i] == inside && c.delta != 0 {
			t.kinds[i] = changed
		}
	}
	for r := range rune(len(t.two)) {
		c := classOf(r)
		kind := w.kind(r, c)
		if kind == outside {
			continue
		}
		var b [4]byte
		n := utf8.EncodeRune(b[:], r+c.delta)
		t.two[r] = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(n)<<24 | uint32(kind)<<28
		if r < utf8.RuneSelf {
			t.ascii[r] = b[0]
		}
	}
	return t
}
