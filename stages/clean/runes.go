package clean

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:generate python3 tables/tables.py

// Flags of a code point: which fixes change it.
const (
	isControl = 1 << iota // removed
	isLigature
	isWide // or half as wide as usual
	isSingleQuote
	isDoubleQuote
	isLineBreak // other than a line feed
	isC1
)

// Bits of a clue: the low three are how many code points the sequence has that
// this one begins where UTF-8 was read as something else, or 0.
const (
	clueFirst  = 7
	clueNext   = 8  // may stand behind the first one
	clueStrict = 16 // may, and is no space
)

// Classes of code points that the tables do not list.
const (
	classOther = iota
	classWord
)

// Starts of the automaton of badness, which ends in badFound.
const (
	badFound = iota
	badBegin // at the beginning of a segment
	badInside
)

// A known is what the tables have on a code point. The first one is on all that they do not list.
type known struct {
	class, clue, flags uint8
	encodings          uint16    // a bit for each encoding that has the code point
	bytes              [10]uint8 // what it is there
}

// The encodings, in the order in which ftfy tries them. The sloppy ones have all 256 bytes: those
// without a meaning stand for themselves as in Latin-1, and 0x1a stands for U+FFFD.
const (
	latin1 = iota
	windows1252
	windows1251
	windows1250
	windows1253
	windows1254
	windows1257
	iso88592
	macRoman
	cp437
	encodings
)

// sloppy says which encodings are.
func sloppy(encoding int) bool { return windows1252 <= encoding && encoding <= windows1257 }

// runeTables is what is made of the generated tables.
type runeTables struct {
	pages  [0x10000 >> 6]uint8
	blocks [][64]uint16 // indices of known
	known  []known

	attributes [][64]uint16          // class and, from bit 8 on, flags, by page
	two        [0x800]uint16         // the same, also of code points that are not known
	ascii      [utf8.RuneSelf]uint8  // classes
	bad        [badStates][128]uint8 // next states

	decode    [encodings][256]rune
	ligatures map[rune]string
	widths    map[rune]string
	entities  map[string]string // that Go does not know
}

// tables makes the tables when the first stage that needs them is made.
var tables = sync.OnceValue(newRuneTables)

func newRuneTables() *runeTables {
	t := &runeTables{known: make([]known, 1), blocks: make([][64]uint16, 1)}
	index := make(map[rune]int)
	n := 0
	for _, r := range knownRunes {
		if t.pages[r>>6] == 0 {
			t.pages[r>>6] = uint8(len(t.blocks))
			t.blocks = append(t.blocks, [64]uint16{})
		}
		index[r] = len(t.known)
		t.blocks[t.pages[r>>6]][r&63] = uint16(len(t.known))
		t.known = append(t.known, known{class: knownClasses[n], clue: knownClues[n], flags: knownFlags[n]})
		n++
	}
	t.attributes = make([][64]uint16, len(t.blocks))
	for b, block := range t.blocks {
		for i, k := range block {
			t.attributes[b][i] = uint16(t.known[k].class) | uint16(t.known[k].flags)<<8
		}
	}
	for r := range rune(len(t.two)) {
		t.two[r] = t.attributes[t.pages[r>>6]][r&63]
		if t.two[r]&0xff == classOther && isWord(r) {
			t.two[r] |= classWord
		}
	}
	for c := range t.ascii {
		t.ascii[c] = t.known[index[rune(c)]].class
	}
	for s := range t.bad {
		copy(t.bad[s][:], badTable[s*badClasses:(s+1)*badClasses])
	}
	maps := []rune(charmaps)
	for e := range t.decode {
		for b := range rune(0x80) {
			t.decode[e][b] = b
			t.decode[e][0x80+b] = maps[e*129+int(b)]
		}
		t.decode[e][0x1a] = maps[e*129+128]
		for b, r := range t.decode[e] {
			k := &t.known[index[r]]
			k.encodings |= 1 << e
			k.bytes[e] = uint8(b)
		}
	}
	t.ligatures, t.widths, t.entities = make(map[rune]string), make(map[rune]string), make(map[string]string)
	for line := range strings.Lines(ligatures) {
		r, size := utf8.DecodeRuneInString(line)
		t.ligatures[r] = line[size : len(line)-1]
	}
	for line := range strings.Lines(widths) {
		r, size := utf8.DecodeRuneInString(line)
		t.widths[r] = line[size : len(line)-1]
	}
	for line := range strings.Lines(moreEntities) {
		name, value, _ := strings.Cut(line, ";")
		t.entities[name+";"] = strings.TrimSuffix(value, "\n")
	}
	return t
}

// of returns what is known of a code point.
func (t *runeTables) of(r rune) *known {
	if r >= 0x10000 {
		return &t.known[0]
	}
	return &t.known[t.blocks[t.pages[r>>6]][r&63]]
}

// isBad says whether a segment looks like mojibake: ftfy's heuristic of badness.
func (t *runeTables) isBad(text []byte) bool {
	bad, _ := t.scan(text)
	return bad
}

// scan says whether a segment is bad, and if not, which fixes its code points beyond ASCII want.
//
// No more than two bytes of ASCII matter in front of code points beyond it, and
// no more than two behind them.
func (t *runeTables) scan(text []byte) (bad bool, flags uint8) {
	state := uint8(badBegin)
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			n := i + asciiPrefix(text[i:])
			if n-i > 4 {
				state = t.bad[state][t.ascii[c]]
				if t.bad[state][t.ascii[text[i+1]]] == badFound {
					return true, 0
				}
				i, state = n-2, badInside
			}
			for ; i < n; i++ {
				state = t.bad[state][t.ascii[text[i]]]
			}
			if state == badFound {
				return true, 0
			}
			continue
		}
		var r rune
		switch {
		case c < 0xe0 && c >= 0xc2 && i+1 < len(text) && text[i+1]&0xc0 == 0x80:
			a := t.two[int(c&0x1f)<<6|int(text[i+1]&0x3f)]
			flags |= uint8(a >> 8)
			if state = t.bad[state][a&127]; state == badFound {
				return true, 0
			}
			i += 2
			continue
		case c < 0xf0 && c > 0xe0 && c != 0xed && i+2 < len(text) && text[i+1]&0xc0 == 0x80 && text[i+2]&0xc0 == 0x80:
			r = rune(c&0xf)<<12 | rune(text[i+1]&0x3f)<<6 | rune(text[i+2]&0x3f)
			i += 3
		default:
			var size int
			r, size = utf8.DecodeRune(text[i:])
			i += size
		}
		class := uint8(classOther)
		if r < 0x10000 {
			a := t.attributes[t.pages[r>>6]][r&63]
			class = uint8(a)
			flags |= uint8(a >> 8)
		}
		row := &t.bad[state]
		if class == classOther && row[classWord] != row[classOther] && isWord(r) {
			class = classWord
		}
		if state = row[class&127]; state == badFound {
			return true, 0
		}
	}
	return false, flags
}

// asciiPrefix returns the number of bytes of ASCII that text begins with.
func asciiPrefix(text []byte) int {
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if v := binary.LittleEndian.Uint64(text[i:]) & 0x8080808080808080; v != 0 {
			return i + bits.TrailingZeros64(v)/8
		}
	}
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// isASCII says that text has no byte beyond ASCII.
func isASCII(text []byte) bool { return asciiPrefix(text) == len(text) }
