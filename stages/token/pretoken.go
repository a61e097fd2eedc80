package token

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// A step is a pre-tokenizer: it cuts a text and passes the parts on to the step
// after it. begins says that text is where the whole text begins.
type step interface {
	split(s *scratch, text []byte, begins bool, next int)
}

// pass hands a part to step number next, or to the model after the last step.
func (s *scratch) pass(h *huggingFace, text []byte, begins bool, next int) {
	switch {
	case len(text) == 0:
	case next < len(h.steps):
		h.steps[next].split(s, text, begins, next+1)
	default:
		h.word(s, text)
	}
}

// Behaviors: what becomes of what a pattern matches.
type behavior int

const (
	removed behavior = iota
	isolated
	mergedWithPrevious
	mergedWithNext
	contiguous
)

func behaviorOf(name string) (behavior, error) {
	for i, b := range []string{"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"} {
		if b == name {
			return behavior(i), nil
		}
	}
	return 0, fmt.Errorf("behavior %q is not known\nthere are Removed, Isolated, MergedWithPrevious, MergedWithNext and Contiguous", name)
}

// cut is the pre-tokenizer that cuts at the matches of a pattern, or, inverted, between them.
type cut struct {
	h *huggingFace
	finder
	behavior
	invert bool
}

func (c *cut) split(s *scratch, text []byte, begins bool, next int) {
	w := cutting{s: s, c: c, text: text, begins: begins, next: next}
	m := find(c.finder, text)
	done := 0
	for {
		start, end, ok := m.next(text)
		if !ok {
			break
		}
		w.part(done, start, c.invert)
		w.part(start, end, !c.invert)
		done = end
	}
	w.part(done, len(text), c.invert)
	w.emit(w.start, w.end)
}

// cutting is a text that is being cut. It holds back the last part where the
// next one may be merged with it.
type cutting struct {
	s          *scratch
	c          *cut
	text       []byte
	begins     bool
	next       int
	start, end int
	matched    bool // what was held back
	some       bool
}

func (w *cutting) emit(start, end int) {
	w.s.pass(w.c.h, w.text[start:end], w.begins && start == 0, w.next)
}

// part takes the next part, which matches or not.
func (w *cutting) part(start, end int, match bool) {
	if start == end {
		return
	}
	merge := false
	switch w.c.behavior {
	case removed:
		if match {
			return
		}
	case mergedWithPrevious:
		merge = match && !w.matched && w.some
	case mergedWithNext:
		merge = w.matched && !match && w.some
	case contiguous:
		merge = match == w.matched && w.some
	}
	if !merge {
		w.emit(w.start, w.end)
		w.start = start
	}
	w.end, w.matched, w.some = end, match, true
}

// byteLevelStep is the pre-tokenizer of GPT-2.
type byteLevelStep struct {
	h        *huggingFace
	space    bool // put one in front
	cut      bool
	rewrites bool // in the alphabet of byte-level models; the last step leaves that to the model
}

func (b *byteLevelStep) split(s *scratch, text []byte, begins bool, next int) {
	if b.space && text[0] != ' ' {
		buffer := s.step(next)
		*buffer = append(append((*buffer)[:0], ' '), text...)
		text = *buffer
	}
	for pos := 0; pos < len(text); {
		end := len(text)
		if b.cut {
			_, end = gpt2{}.next(text, pos)
		}
		part := text[pos:end]
		if b.rewrites {
			buffer := s.step(len(b.h.steps) + next)
			*buffer = appendBytes((*buffer)[:0], part)
			part = *buffer
		}
		s.pass(b.h, part, begins && pos == 0, next)
		pos = end
	}
}

// step returns a buffer of a step.
func (s *scratch) step(i int) *[]byte {
	for len(s.steps) <= i {
		s.steps = append(s.steps, nil)
	}
	return &s.steps[i]
}

// metaspace is the pre-tokenizer of SentencePiece's models: spaces become
// letters, and words begin with one.
type metaspace struct {
	h       *huggingFace
	by      string
	prepend string // "always", "first" or "never"
	cut     bool
}

func (m *metaspace) split(s *scratch, text []byte, begins bool, next int) {
	buffer := s.step(next)
	*buffer = (*buffer)[:0]
	if begin := text[0] == ' ' || bytes.HasPrefix(text, []byte(m.by)); !begin && (m.prepend == "always" || m.prepend == "first" && begins) {
		*buffer = append(*buffer, m.by...)
	}
	for len(text) > 0 {
		n := bytes.IndexByte(text, ' ')
		if n < 0 {
			*buffer = append(*buffer, text...)
			break
		}
		*buffer = append(append(*buffer, text[:n]...), m.by...)
		text = text[n+1:]
	}
	text = *buffer
	if !m.cut {
		s.pass(m.h, text, begins, next)
		return
	}
	for pos := 0; pos < len(text); {
		end := len(text)
		if n := bytes.Index(text[pos+1:], []byte(m.by)); n >= 0 {
			end = pos + 1 + n
		}
		s.pass(m.h, text[pos:end], begins && pos == 0, next)
		pos = end
	}
}

// wordOrMark is \w+|[^\w\s]+.
type wordOrMark struct{}

func (wordOrMark) next(text []byte, pos int) (start, end int) {
	pos += run(text[pos:], isWhite, false)
	if pos == len(text) {
		return -1, -1
	}
	if n := run(text[pos:], isWord, false); n > 0 {
		return pos, pos + n
	}
	return pos, pos + run(text[pos:], isWord|isWhite, true)
}

// bert cuts at white space, and punctuation out.
type bert struct{}

func (bert) next(text []byte, pos int) (start, end int) {
	pos += run(text[pos:], isWhite, false)
	if pos == len(text) {
		return -1, -1
	}
	if f, size := flagsAt(text[pos:]); f&isPunctuation != 0 {
		return pos, pos + size
	}
	return pos, pos + run(text[pos:], isWhite|isPunctuation, true)
}

// pieces of so many code points.
type fixedLength int

func (n fixedLength) next(text []byte, pos int) (start, end int) {
	end = pos
	for range n {
		if end < len(text) {
			_, size := utf8.DecodeRune(text[end:])
			end += size
		}
	}
	return pos, end
}

// preTokenizerJSON is a pre-tokenizer in a tokenizer.json.
type preTokenizerJSON struct {
	Type             string             `json:"type"`
	Pretokenizers    []preTokenizerJSON `json:"pretokenizers"`
	AddPrefixSpace   *bool              `json:"add_prefix_space"`
	UseRegex         *bool              `json:"use_regex"`
	Replacement      string             `json:"replacement"`
	PrependScheme    string             `json:"prepend_scheme"`
	Split            *bool              `json:"split"`
	Pattern          patternJSON        `json:"pattern"`
	Behavior         string             `json:"behavior"`
	Invert           bool               `json:"invert"`
	IndividualDigits bool               `json:"individual_digits"`
	Delimiter        string             `json:"delimiter"`
	Length           int                `json:"length"`
}

// add appends the steps of p to those of h.
func (p *preTokenizerJSON) add(h *huggingFace) error {
	if p == nil {
		return nil
	}
	put := func(f finder, b behavior, invert bool) { h.steps = append(h.steps, &cut{h, f, b, invert}) }
	switch p.Type {
	case "Sequence":
		for i := range p.Pretokenizers {
			if err := p.Pretokenizers[i].add(h); err != nil {
				return err
			}
		}
	case "ByteLevel":
		h.steps = append(h.steps, &byteLevelStep{h: h, rewrites: true,
			space: p.AddPrefixSpace == nil || *p.AddPrefixSpace, cut: p.UseRegex == nil || *p.UseRegex})
	case "Metaspace":
		m := &metaspace{h: h, by: p.Replacement, prepend: p.PrependScheme, cut: p.Split == nil || *p.Split}
		if m.prepend == "" {
			m.prepend = "always"
		}
		// The older key.
		if p.PrependScheme == "" && p.AddPrefixSpace != nil && !*p.AddPrefixSpace {
			m.prepend = "never"
		}
		if utf8.RuneCountInString(m.by) != 1 {
			return fmt.Errorf("pre_tokenizer Metaspace: replacement = %q is not one character", m.by)
		}
		h.steps = append(h.steps, m)
	case "BertPreTokenizer":
		put(bert{}, removed, true)
	case "Whitespace":
		put(wordOrMark{}, removed, true)
	case "WhitespaceSplit":
		put(runs{flags: isWhite, min: 1}, removed, false)
	case "Punctuation":
		b := isolated
		if p.Behavior != "" {
			var err error
			if b, err = behaviorOf(p.Behavior); err != nil {
				return err
			}
		}
		put(runs{flags: isPunctuation, min: 1, max: 1}, b, false)
	case "Digits":
		if p.IndividualDigits {
			put(runs{flags: isNumeric, min: 1, max: 1}, isolated, false)
		} else {
			put(runs{flags: isNumeric, min: 1}, isolated, false)
		}
	case "CharDelimiterSplit":
		if utf8.RuneCountInString(p.Delimiter) != 1 {
			return fmt.Errorf("pre_tokenizer CharDelimiterSplit: delimiter = %q is not one character", p.Delimiter)
		}
		put(literal(p.Delimiter), removed, false)
	case "FixedLength":
		if p.Length < 1 {
			return fmt.Errorf("pre_tokenizer FixedLength: length = %d is below 1", p.Length)
		}
		put(fixedLength(p.Length), isolated, false)
	case "Split":
		b, err := behaviorOf(p.Behavior)
		if err != nil {
			return err
		}
		f, err := p.Pattern.finder()
		if err != nil {
			return err
		}
		put(f, b, p.Invert)
	default:
		return fmt.Errorf("pre_tokenizer %q is not known\nit may be of a newer release of tokenizers than %s", p.Type, Peer)
	}
	return nil
}
