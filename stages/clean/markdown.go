package clean

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// Markdown is the table of clean.markdown, NeMo Curator's MarkdownRemover.
type Markdown struct {
	Underscores string `toml:"underscores" doc:"_ goes in pairs: any, as in NeMo Curator, within names_with_underscores too; or around words"`
	Links       string `toml:"links" doc:"what stays of [words](url): url, as in NeMo Curator; or words"`
}

// DefaultMarkdown does what Curator does.
func DefaultMarkdown() Markdown { return Markdown{Underscores: "any", Links: "url"} }

// NewMarkdown returns the stage that removes marks of Markdown line by line: pairs of
// **, then of *, then of _, then links. By default it is what Curator's regular expressions do
// one after the other:
//
//	\*\*(.*?)\*\*   \*(.*?)\*   _(.*?)_   \[.*?\]\((.*?)\)
//
// That spoils names_with_underscores and swaps the words of a link for its URL. With
// underscores = "around words" one to three underscores go where as many stand
// in front of a word and behind one, as in CommonMark.
func NewMarkdown(c stages.Common, m Markdown) ([]stages.Stage, error) {
	return oneRewriter(c, m,
		oneOf("underscores", m.Underscores, "any", "around words"),
		oneOf("links", m.Links, "url", "words"))
}

// oneOf complains about a value that is not one of two.
func oneOf(key, have, a, b string) error {
	if have != a && have != b {
		return fmt.Errorf("%s = %q is unknown; have %s, %s", key, have, a, b)
	}
	return nil
}

// Rewrite leaves the marks out.
func (m Markdown) Rewrite(dst, text []byte) []byte {
	for len(text) > 0 {
		i := bytes.IndexAny(text, "*_[")
		if i < 0 {
			break
		}
		start := bytes.LastIndexByte(text[:i], '\n') + 1
		end := len(text)
		if n := bytes.IndexByte(text[i:], '\n'); n >= 0 {
			end = i + n
		}
		from := len(dst) + start
		dst = append(dst, text[:end]...)
		dst = append(dst[:from], m.line(dst[from:])...)
		text = text[end:]
	}
	return append(dst, text...)
}

// line works in place.
func (m Markdown) line(line []byte) []byte {
	line = unpair(line, "**")
	line = unpair(line, "*")
	if m.Underscores == "any" {
		line = unpair(line, "_")
	} else {
		line = unpairAroundWords(line)
	}
	return unlink(line, m.Links == "url")
}

// unpair removes marks in pairs, first come first paired.
func unpair(line []byte, mark string) []byte {
	n := 0
	for rest := line; ; {
		a := bytes.Index(rest, []byte(mark))
		if a < 0 {
			return line[:n+copy(line[n:], rest)]
		}
		within := rest[a+len(mark):]
		b := bytes.Index(within, []byte(mark))
		if b < 0 {
			return line[:n+copy(line[n:], rest)]
		}
		n += copy(line[n:], rest[:a])
		n += copy(line[n:], within[:b])
		rest = within[b+len(mark):]
	}
}

// unlink keeps one part of each link.
func unlink(line []byte, url bool) []byte {
	n := 0
	for rest := line; ; {
		a := bytes.IndexByte(rest, '[')
		if a < 0 {
			return line[:n+copy(line[n:], rest)]
		}
		b := bytes.Index(rest[a:], []byte("](")) + a
		if b < a {
			return line[:n+copy(line[n:], rest)]
		}
		c := bytes.IndexByte(rest[b:], ')') + b
		if c < b {
			return line[:n+copy(line[n:], rest)]
		}
		if url {
			n += copy(line[n:], rest[:a])
			n += copy(line[n:], rest[b+2:c])
		} else { // the words begin at the last bracket
			a = bytes.LastIndexByte(rest[:b], '[')
			n += copy(line[n:], rest[:a])
			n += copy(line[n:], rest[a+1:b])
		}
		rest = rest[c+1:]
	}
}

// unpairAroundWords removes runs of one to three underscores in pairs of equal
// length: one in front of a word, and one behind a word with none of the former kind between.
func unpairAroundWords(line []byte) []byte {
	var unpaired [4]bool // a run of that length has none of its length behind it
	n, before := 0, ' '
	for i := 0; i < len(line); {
		if end := i + max(0, bytes.IndexByte(line[i:], '_')); end > i {
			before, _ = utf8.DecodeLastRune(line[i:end])
			n += copy(line[n:], line[i:end])
			i = end
		} else if line[i] != '_' {
			return line[:n+copy(line[n:], line[i:])]
		}
		end := runEnd(line, i)
		if size := end - i; size < len(unpaired) && !unpaired[size] && !isWord(before) && !spaceAt(line, end) {
			a, ends := closing(line, end, size)
			if ends {
				n += copy(line[n:], unpairAroundWords(line[end:a]))
				i = a + size
				continue
			}
			unpaired[size] = a < 0
		}
		n += copy(line[n:], line[i:end])
		i = end
	}
	return line[:n]
}

// runEnd returns where the run of underscores at line[i] ends.
func runEnd(line []byte, i int) int {
	for i < len(line) && line[i] == '_' {
		i++
	}
	return i
}

// closing returns where the next run of that size begins in line[i:] that ends a word, or one that
// begins a word; -1 if there is neither.
func closing(line []byte, i, size int) (at int, ends bool) {
	for {
		n := bytes.IndexByte(line[i:], '_')
		if n < 0 {
			return -1, false
		}
		a := i + n
		before, _ := utf8.DecodeLastRune(line[i:a])
		i = runEnd(line, a)
		if i-a != size {
			continue
		}
		after, _ := utf8.DecodeRune(line[i:])
		switch {
		case !scan.IsSpace(before) && (i == len(line) || !isWord(after)):
			return a, true
		case !isWord(before) && !spaceAt(line, i):
			return a, false
		}
	}
}
