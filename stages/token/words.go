package token

// A model turns a word, which is not empty, into ids, and appends them.
type model interface {
	append(s *scratch, ids []int32, word []byte) []int32
}

// words asks the model about words, and remembers what it said.
type words struct {
	model     model
	byteLevel bool // the model takes words in the alphabet of byteLevel
	atSpaces  bool // words may be cut in front of each U+2581 that follows something else
}

// word encodes one word, or what the pre-tokenizers leave together.
func (w *words) word(s *scratch, word []byte) {
	if w.atSpaces {
		for {
			n := spaceAfter(word)
			if n < 0 {
				break
			}
			w.one(s, word[:n])
			word = word[n:]
		}
	}
	w.one(s, word)
}

// space is what stands for a space in SentencePiece's models.
const space = "\u2581"

// spaceAfter returns where the first space is that does not follow another
// one, but is not at the start; -1 if there is none.
func spaceAfter(text []byte) int {
	for i := 1; i+len(space) <= len(text); i++ {
		if text[i] == space[0] && string(text[i:i+len(space)]) == space && (i < len(space) || string(text[i-len(space):i]) != space) {
			return i
		}
	}
	return -1
}

// one encodes a word that the model sees as a whole.
func (w *words) one(s *scratch, word []byte) {
	if len(word) > longestWord {
		s.ids = w.ask(s, word)
		return
	}
	slot := s.cache.find(word)
	if slot.size > 0 { // it is known
		s.ids = append(s.ids, s.cache.get(slot)...)
		return
	}
	n := len(s.ids)
	s.ids = w.ask(s, word)
	s.cache.put(slot, word, s.ids[n:])
}

func (w *words) ask(s *scratch, word []byte) []int32 {
	if w.byteLevel {
		s.mapped = appendBytes(s.mapped[:0], word)
		word = s.mapped
	}
	return w.model.append(s, s.ids, word)
}
