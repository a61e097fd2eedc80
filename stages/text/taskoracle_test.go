package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/stages/scan"
)

// A plainWord is a word and where it lies, in runes.
type plainWord struct {
	s          string
	start, end int
}

// plainWords finds words by plain code: between white space, in lower case, without punctuation.
func plainWords(text string) (words []plainWord) {
	const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	var w plainWord
	at := 0
	end := func() {
		if w.s != "" {
			words = append(words, w)
		}
		w = plainWord{}
	}
	for i := 0; i < len(text); at++ {
		low, size := scan.AppendLowerAt(nil, []byte(text), i)
		r, _ := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case scan.IsSpace(r):
			end()
		case r < utf8.RuneSelf && strings.ContainsRune(marks, r):
		default:
			if w.s == "" {
				w.start = at
			}
			w.s += string(low)
			w.end = at + 1
		}
	}
	end()
	return words
}

func joinedWords(words []plainWord) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.s
	}
	return strings.Join(list, " ")
}

// A plainDecontaminator does what text.decontaminate does, by the rules as they are written.
type plainDecontaminator struct {
	Decontaminate
	ngrams  map[string]bool
	lengths []int
}

func newPlain(o Decontaminate, examples []string) *plainDecontaminator {
	p := &plainDecontaminator{o, map[string]bool{}, nil}
	for _, text := range examples {
		words := plainWords(text)
		if len(words) < int(o.MinNGramSize) {
			continue
		}
		n := min(len(words), int(o.MaxNGramSize))
		for i := 0; i+n <= len(words); i++ {
			p.ngrams[joinedWords(words[i:i+n])] = true
		}
		p.lengths = append(p.lengths, n)
	}
	slices.Sort(p.lengths)
	p.lengths = slices.Compact(p.lengths)
	return p
}

// search returns where the first n-gram of a set lies.
func (p *plainDecontaminator) search(words []plainWord, set map[string]bool) (i, n int, ok bool) {
	longest := int(p.MaxNGramSize)
	for i := 0; i+longest <= len(words); i++ {
		for _, n := range append([]int{longest}, p.lengths...) {
			if set[joinedWords(words[i:i+n])] {
				return i, n, true
			}
		}
	}
	from := max(0, len(words)-longest)
	for _, n := range p.lengths {
		for i := from; n < longest && i+n <= len(words); i++ {
			if set[joinedWords(words[i:i+n])] {
				return i, n, true
			}
		}
	}
	return 0, 0, false
}

func (p *plainDecontaminator) count(text string, counts map[string]int) {
	for words := plainWords(text); ; {
		i, n, ok := p.search(words, p.ngrams)
		if !ok {
			return
		}
		counts[joinedWords(words[i:i+n])]++
		words = words[i+n:]
	}
}

func (p *plainDecontaminator) cut(text string, set map[string]bool) (pieces []string, found bool) {
	runes := []rune(text)
	side, least := int(p.RemoveCharEachSide), int(p.MinDocumentLength)
	mark := func(i int) bool { return strings.ContainsRune(".!?", runes[i]) }
	all := plainWords(text)
	for base := 0; ; {
		words := slices.DeleteFunc(slices.Clone(all), func(w plainWord) bool { return w.start < base })
		i, n, ok := p.search(words, set)
		if !ok {
			return append(pieces, string(runes[base:])), found
		}
		found = true
		pos := words[i].start - side
		for pos > base && !mark(pos) {
			pos--
		}
		if pos > base && pos+1-base > least {
			pieces = append(pieces, string(runes[base:pos+1]))
		}
		for pos = words[i+n-1].end + side; pos < len(runes) && !mark(pos); {
			pos++
		}
		if base = pos + 1; len(runes)-base <= least {
			return pieces, found
		}
	}
}

// holdToPlain holds what the stage makes of texts against the plain code, and returns how many have an n-gram.
func holdToPlain(t *testing.T, o Decontaminate, examples, texts []string) (cut int) {
	t.Helper()
	p := newPlain(o, examples)
	if len(p.ngrams) == 0 {
		return 0
	}
	o.Separator = "\x00"
	b, counts := through(t, newDecontaminate(t, o, examples...), texts...)
	want, rare := map[string]int{}, map[string]bool{}
	for _, text := range texts {
		p.count(text, want)
	}
	for ngram, n := range want {
		rare[ngram] = n <= int(o.MaxMatches)
	}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Fatalf("%+v\nexamples %q\ntexts %q\ncounts %v, want %v", o, examples, texts, counts, want)
	}
	for i, text := range texts {
		pieces, found := p.cut(text, rare)
		stays := !found || len(pieces) > 0 && len(pieces) <= int(o.MaxSplits)
		if got := string(b.Column("text").Text[i]); b.Keep[i] != stays || stays && got != strings.Join(pieces, "\x00") {
			t.Fatalf("%+v\nexamples %q\ntext %q: kept %v\n%q, want %v\n%q", o, examples, text, b.Keep[i], got, stays, pieces)
		}
		if found {
			cut++
		}
	}
	return cut
}

// someTexts makes texts of few words, many of them with an example.
func someTexts(r *rand.Rand) (o Decontaminate, examples, texts []string) {
	words := []string{"a", "The", "cat's", "SAT", "on", "b.", "mat!", "x-y", "Σ", "ΑΣ", "İz", "\n", "q\nq", "é", "3.14", "\u00a0", "don't", "\"so\"", "\t", "?", "...", "日本", "🐈", "it;"}
	r.Shuffle(len(words), func(i, k int) { words[i], words[k] = words[k], words[i] })
	words = words[:2+r.IntN(len(words)-1)]
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteString([]string{" ", " ", " ", "  ", "", ".", "\n", ", "}[r.IntN(8)])
		}
		return b.String()
	}
	o = DefaultDecontaminate()
	o.MaxNGramSize = 2 + r.Int64N(4)
	o.MinNGramSize = 2 + r.Int64N(o.MaxNGramSize-1)
	o.MaxMatches, o.MaxSplits = 1+r.Int64N(4), 1+r.Int64N(5)
	o.MinDocumentLength, o.RemoveCharEachSide = []int64{0, 0, 3, 10}[r.IntN(4)], []int64{0, 1, 3, 8, 20}[r.IntN(5)]
	examples = []string{"one two three four five six"}
	for range r.IntN(5) {
		examples = append(examples, text(1+r.IntN(12)))
	}
	for range 1 + r.IntN(5) {
		var b strings.Builder
		for range r.IntN(6) {
			if r.IntN(2) > 0 {
				b.WriteString(text(r.IntN(15)))
			} else {
				b.WriteString(examples[r.IntN(len(examples))] + []string{" ", ". ", ""}[r.IntN(3)])
			}
		}
		texts = append(texts, b.String())
	}
	return o, examples, texts
}

func TestDecontaminateByTheRules(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	cut := 0
	for range 200 {
		o, examples, texts := someTexts(r)
		cut += holdToPlain(t, o, examples, texts)
	}
	if cut < 150 {
		t.Errorf("only %d texts have an n-gram", cut)
	}
}

func FuzzDecontaminate(f *testing.F) {
	f.Add("The cat sat.", "On the mat: THE cat sat.", uint64(1))
	f.Add("a\xffb c", "ΑΣ a\xffb c \n. d!", uint64(7))
	f.Fuzz(func(t *testing.T, example, text string, seed uint64) {
		o, examples, texts := someTexts(rand.New(rand.NewPCG(seed, 0)))
		if utf8.ValidString(example) {
			examples, texts = append(examples, example), append(texts, example)
		}
		if utf8.ValidString(text) {
			texts = append(texts, text)
		}
		holdToPlain(t, o, examples, texts)
		texts = append(texts, text, example) // also what is not UTF-8
		through(t, newDecontaminate(t, o, examples...), texts...)
		o.Curator = true
		through(t, newDecontaminate(t, o, examples...), texts...)
	})
}

// Spans of documents of the corpus, planted into others in capitals behind a line feed, are all found.
func TestDecontaminateCorpus(t *testing.T) {
	texts := corpusTexts(t, 200)
	r := rand.New(rand.NewPCG(8, 8))
	var examples []string
	for len(examples) < 60 {
		words := strings.Fields(texts[120+r.IntN(80)])
		if n := 8 + r.IntN(20); len(words) > n {
			at := r.IntN(len(words) - n)
			examples = append(examples, strings.Join(words[at:at+n], " "))
		}
	}
	texts = texts[:120]
	planted := 0
	for i, text := range texts {
		if i%3 == 0 && len(text) > 1000 {
			at := strings.IndexByte(text[len(text)/2:], ' ') + len(text)/2
			texts[i] = text[:at] + "\n" + strings.ToUpper(examples[i/3%len(examples)]) + "?" + text[at:]
			planted++
		}
	}
	if cut := holdToPlain(t, DefaultDecontaminate(), examples, texts); planted < 20 || cut < planted {
		t.Errorf("%d planted, %d cut", planted, cut)
	}
}
