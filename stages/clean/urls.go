package clean

import (
	"bytes"

	"sluice/stages"
)

// URLs is the table of clean.urls, NeMo Curator's UrlRemover.
type URLs struct{}

// NewURLs returns the stage that removes what Curator's regular expression
// matches, in any case: https?://\S+|www\.\S+. What stands around a link stays, white
// space on both sides of it too.
func NewURLs(c stages.Common, u URLs) ([]stages.Stage, error) { return oneRewriter(c, u) }

// Rewrite leaves the links out.
func (URLs) Rewrite(dst, text []byte) []byte {
	scheme, dot := searcher{mark: "://", before: schemeStart}, searcher{mark: ".", before: wwwStart}
	for at := 0; ; {
		start, end := scheme.next(text, at)
		if s, e := dot.next(text, at); s >= 0 && (start < 0 || s < start) {
			start, end = s, e
		}
		if start < 0 {
			return append(dst, text[at:]...)
		}
		dst = append(dst, text[at:start]...)
		at = spaceEnd(text, end)
	}
}

// A searcher finds links of one kind, by a mark that they have.
type searcher struct {
	mark       string
	before     func(text []byte) int // where a link with the mark behind text starts, or -1
	start, end int                   // the last one found, up to its mark
	begun      bool
}

// next returns where the first link that starts at text[at] or later starts, and
// where its mark ends; -1 if there is none.
func (s *searcher) next(text []byte, at int) (start, end int) {
	if s.begun && (s.start < 0 || s.start >= at) {
		return s.start, s.end
	}
	s.begun = true
	for i := max(at, s.end); ; {
		n := bytes.Index(text[i:], []byte(s.mark))
		if n < 0 {
			s.start = -1
			return -1, 0
		}
		s.end = i + n + len(s.mark)
		start := s.before(text[at : i+n])
		if start >= 0 && !spaceAt(text, s.end) {
			s.start = at + start
			return s.start, s.end
		}
		i = s.end
	}
}

// schemeStart looks for http or https at the end. Python's re takes the long s for an s in any case.
func schemeStart(text []byte) int {
	n := len(text)
	switch {
	case n > 0 && text[n-1]|0x20 == 's':
		n--
	case bytes.HasSuffix(text, []byte("ſ")):
		n -= len("ſ")
	}
	if n < 4 || text[n-4]|0x20 != 'h' || text[n-3]|0x20 != 't' || text[n-2]|0x20 != 't' || text[n-1]|0x20 != 'p' {
		return -1
	}
	return n - 4
}

func wwwStart(text []byte) int {
	n := len(text)
	if n < 3 || text[n-1]|0x20 != 'w' || text[n-2]|0x20 != 'w' || text[n-3]|0x20 != 'w' {
		return -1
	}
	return n - 3
}
