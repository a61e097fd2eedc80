package clean

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// C4Lines is the table of clean.c4_lines.
type C4Lines struct {
	Citations   bool  `toml:"remove_citations" doc:"take [1], [edit] and [citation needed] out of lines"`
	Punctuation bool  `toml:"filter_no_terminal_punct" doc:"lines go that end in none of . ? ! and quotes, or in an ellipsis"`
	Sentences   int64 `toml:"min_num_sentences" doc:"texts with fewer sentences left go; -1 = none"`
	Words       int64 `toml:"min_words_per_line" doc:"lines of fewer words go; -1 = none"`
	WordLength  int64 `toml:"max_word_length" doc:"lines with a word of more characters go; -1 = none"`
	LoremIpsum  bool  `toml:"filter_lorem_ipsum" doc:"texts with lorem ipsum in such a line go"`
	JavaScript  bool  `toml:"filter_javascript" doc:"lines that speak of javascript go"`
	Brace       bool  `toml:"filter_curly_bracket" doc:"texts with { in such a line go"`
	Policy      bool  `toml:"filter_policy" doc:"lines that speak of terms of use, of privacy and cookie policies go"`
}

// DefaultC4Lines has the bounds of C4.
func DefaultC4Lines() C4Lines {
	return C4Lines{true, true, 5, 3, 1000, true, true, true, true}
}

// NewC4Lines returns the stage that keeps those lines of a text that look like running text, without
// white space around them, and drops the text if too few sentences are left. Keys and order of the rules are
// those of datatrove's C4QualityFilter: a rule sees only lines that those before it left: word length, citations,
// punctuation, words, lorem ipsum, javascript, brace, policy. Sentences are counted by the rules of
// scan.CutSentence, which know no language; datatrove and C4 take a model of NLTK for them. The words
// of C4's list of bad ones are text.bad_words. Source: C4 (Raffel et al., JMLR 2020,
// https://jmlr.org/papers/v21/20-074.html, section 2.2).
func NewC4Lines(c stages.Common, l C4Lines) ([]stages.Stage, error) {
	var complaints []error
	for key, v := range map[string]int64{"min_num_sentences": l.Sentences, "min_words_per_line": l.Words, "max_word_length": l.WordLength} {
		if v < -1 {
			complaints = append(complaints, fmt.Errorf("%s = %d is below -1", key, v))
		}
	}
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	e := &c4{C4Lines: l}
	return []stages.Stage{stages.NewEditor(c, e)}, nil
}

type c4 struct {
	C4Lines
	buffers sync.Pool // of *c4Buffers
}

// c4Buffers are what one goroutine works with.
type c4Buffers struct {
	line []byte // without citations
	low  []byte // a line or a text in small letters
}

// Edit appends the lines that are left.
func (c *c4) Edit(dst, text []byte) ([]byte, bool) {
	b, ok := c.buffers.Get().(*c4Buffers)
	if !ok {
		b = new(c4Buffers)
	}
	defer c.buffers.Put(b)
	suspect := c.suspect(b, text)
	sentences, first := int64(0), true
	for line := []byte(nil); len(text) > 0; {
		line, text = cutLine(text)
		line = scan.Trim(line)
		words, longest := countWords(line)
		if c.WordLength >= 0 && longest > c.WordLength {
			continue
		}
		if c.Citations && bytes.IndexByte(line, '[') >= 0 {
			b.line = appendWithoutCitations(b.line[:0], line)
			line = b.line
		}
		if c.Punctuation && !endsLikeSentence(line) || words < c.Words {
			continue
		}
		if suspect {
			b.low = scan.AppendSmall(b.low[:0], line)
		}
		if c.LoremIpsum && suspect && scan.Index(b.low, []byte("lorem ipsum")) >= 0 {
			return dst, false
		}
		if c.JavaScript && suspect && scan.Index(b.low, []byte("javascript")) >= 0 {
			continue
		}
		if c.Brace && bytes.IndexByte(line, '{') >= 0 {
			return dst, false
		}
		if c.Policy && suspect && speaksOfPolicy(b.low) {
			continue
		}
		if c.Sentences > 0 {
			sentences += countSentences(line)
		}
		dst, first = appendLine(dst, line, first), false
	}
	return append(dst[:0], scan.Trim(dst)...), sentences >= c.Sentences
}

// suspect says that lines of a text may have one of the phrases that they are searched for. Few
// texts have one. Where a citation is left out, what was around it may become one.
func (c *c4) suspect(b *c4Buffers, text []byte) bool {
	if c.Citations && bytes.IndexByte(text, '[') >= 0 {
		return true
	}
	b.low = scan.AppendSmall(b.low[:0], text)
	for _, phrase := range []string{"lorem ipsum", "javascript", "terms of use", "privacy policy", "cookie"} {
		if scan.Index(b.low, []byte(phrase)) >= 0 {
			return true
		}
	}
	return false
}

// countWords counts what white space parts, and the code points of the longest word.
func countWords(line []byte) (n, longest int64) {
	for i := 0; i < len(line); {
		end, next := wordEnd(line, i)
		if end > i {
			n++
			if int64(end-i) > longest {
				longest = max(longest, int64(scan.CodePoints(line[i:end])))
			}
		}
		i = next
	}
	return n, longest
}

// wordEnd returns where the word at line[i:] ends, and what comes behind one code point of white space.
func wordEnd(line []byte, i int) (end, next int) {
	for i < len(line) {
		if !mayPart[line[i]] {
			i++
			continue
		}
		r, size := rune(line[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(line[i:])
		}
		if scan.IsSpace(r) {
			return i, i + size
		}
		i += size
	}
	return i, i
}

// mayPart has the bytes that white space begins with, and all others beyond ASCII.
var mayPart = newMayPart()

func newMayPart() (t [256]bool) {
	for i := range t {
		t[i] = i >= utf8.RuneSelf || scan.IsSpace(rune(i))
	}
	return t
}

func countSentences(line []byte) (n int64) {
	for len(line) > 0 {
		content, size := scan.CutSentence(line)
		if content > 0 {
			n++
		}
		line = line[size:]
	}
	return n
}

func endsLikeSentence(line []byte) bool {
	return len(line) > 0 && bytes.IndexByte([]byte(`.?!"'`), line[len(line)-1]) >= 0 && !bytes.HasSuffix(line, []byte("..."))
}

// appendWithoutCitations appends a line without digits in square brackets, empty ones, [edit] and [citation needed].
func appendWithoutCitations(dst, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '[')
		if i < 0 {
			return append(dst, line...)
		}
		dst, line = append(dst, line[:i]...), line[i:]
		n := citation(line)
		if n == 0 {
			dst, n = append(dst, '['), 1
		}
		line = line[n:]
	}
}

// citation returns the length of the citation that starts a line, or 0.
func citation(line []byte) int {
	for _, s := range []string{"[edit]", "[citation needed]"} {
		if bytes.HasPrefix(line, []byte(s)) {
			return len(s)
		}
	}
	for i := 1; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if r == ']' {
			return i + 1
		}
		if !isDigit(r) {
			break
		}
		i += size
	}
	return 0
}

// speaksOfPolicy is narrower than the rule of clean.boilerplate. The line is in small letters.
func speaksOfPolicy(low []byte) bool {
	has := func(phrase string) bool { return scan.Index(low, []byte(phrase)) >= 0 }
	return has("terms of use") || has("privacy policy") ||
		has("cookie") && (has("cookie policy") || has("uses cookies") || has("use of cookies") || has("use cookies"))
}
