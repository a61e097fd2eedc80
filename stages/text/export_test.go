package text

import "strings"

// Plainly returns what text.decontaminate makes of texts, by plain code: those that go are
// nil. cut is how many change and stay.
func (o Decontaminate) Plainly(examples, texts []string) (left []*string, cut int) {
	p := newPlain(o, examples)
	counts, rare := map[string]int{}, map[string]bool{}
	for _, text := range texts {
		p.count(text, counts)
	}
	for ngram, n := range counts {
		rare[ngram] = n <= int(o.MaxMatches)
	}
	left = make([]*string, len(texts))
	for i, text := range texts {
		pieces, found := p.cut(text, rare)
		if found && (len(pieces) == 0 || len(pieces) > int(o.MaxSplits)) {
			continue
		}
		if found {
			cut++
		}
		text := strings.Join(pieces, o.Separator)
		left[i] = &text
	}
	return left, cut
}
