package token

import "unicode/utf8"

// An added token is cut out of a text before the model sees it.
type added struct {
	id         int32
	singleWord bool
	lstrip     bool
	rstrip     bool
}

// addedSet finds added tokens in texts: the leftmost one, of several the longest.
type addedSet struct {
	*trie
	starts [256]bool
	tokens []added
}

// newAddedSet returns the set of the tokens, by what they look like in a text; nil if there are none.
func newAddedSet(contents []string, tokens []added) *addedSet {
	set := &addedSet{tokens: tokens}
	var keys []key
	seen := map[string]bool{}
	for i, content := range contents {
		if content != "" && !seen[content] { // of equal ones the first counts
			seen[content] = true
			keys = append(keys, key{content, int32(i)})
			set.starts[content[0]] = true
		}
	}
	if len(keys) == 0 {
		return nil
	}
	set.trie = newTrie(keys)
	return set
}

// next returns the first token at or after pos: what it takes of the text, of which
// the first from bytes are taken already, and where the search goes on.
func (set *addedSet) next(text []byte, pos, from int) (start, end, on int, token *added) {
	for i := pos; i < len(text); i++ {
		if !set.starts[text[i]] {
			continue
		}
		value, size := set.longest(text[i:])
		if size == 0 {
			continue
		}
		token := &set.tokens[value]
		start, end := i, i+size
		if token.singleWord && (endsWithWord(text[:start]) || beginsWithWord(text[end:])) {
			i = end - 1
			continue
		}
		if token.lstrip {
			for start > 0 {
				r, size := utf8.DecodeLastRune(text[:start])
				if !is(r, isWhite) {
					break
				}
				start -= size
			}
			start = max(start, min(from, i))
		}
		if token.rstrip {
			end += run(text[end:], isWhite, false)
		}
		return start, end, i + size, token
	}
	return 0, 0, 0, nil
}

func beginsWithWord(text []byte) bool {
	f, _ := flagsAt(text)
	return f&isWord != 0
}

func endsWithWord(text []byte) bool {
	r, size := utf8.DecodeLastRune(text)
	return size > 0 && is(r, isWord)
}
