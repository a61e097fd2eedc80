package scan

import "bytes"

// Index is bytes.Index for phrases of a few words. It looks for the two bytes of the phrase that
// are rarest in texts, where they stand at their distance.
func Index(text, phrase []byte) int {
	if !hasAVX2 || len(phrase) < 2 || len(text) < 64+len(phrase) {
		return bytes.Index(text, phrase)
	}
	a, b := rarest(phrase)
	at := 0 // where the phrase begins, at least
	for tries := 0; tries <= 16+at/64; tries++ {
		at += indexPairAVX2(text[at+a:], b-a, phrase[a], phrase[b])
		if at+b+32 > len(text) {
			break
		}
		if bytes.HasPrefix(text[at:], phrase) {
			return at
		}
		at++
	}
	if i := bytes.Index(text[at:], phrase); i >= 0 {
		return at + i
	}
	return -1
}

// occurrences is bytes.Count.
func occurrences(text, phrase []byte) (n int) {
	for {
		i := Index(text, phrase)
		if i < 0 {
			return n
		}
		n++
		text = text[i+len(phrase):]
	}
}

// rarest returns the places of two bytes of a phrase, in order, that are rare in texts.
func rarest(phrase []byte) (a, b int) {
	first, second := 256, 256 // how common those at a and b are
	for i, c := range phrase {
		switch common := int(commonness[c]); {
		case common < first:
			a, b, first, second = i, a, common, first
		case common < second:
			b, second = i, common
		}
	}
	return min(a, b), max(a, b)
}

// commonness ranks bytes by how often texts of many languages have them.
var commonness = newCommonness()

func newCommonness() (t [256]uint8) {
	for i, c := range []byte("xjqz;'\"-:0123456789kvbyw.,pgfmucdlhrsinoate ") {
		t[c] = uint8(8 + i)
	}
	for c := 0x80; c < 0xc0; c++ { // follows others
		t[c] = 30
	}
	for c := 0xc0; c < 0x100; c++ { // says which script
		t[c] = 100
	}
	return t
}
