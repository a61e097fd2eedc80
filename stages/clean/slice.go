package clean

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// Slice is the table of clean.slice, NeMo Curator's Slicer.
type Slice struct {
	Left         any  `toml:"left" doc:"where the text begins: an index, from the end if negative, or a string: where it is found first"`
	Right        any  `toml:"right" doc:"where it ends: an index, from the end if negative, or a string: where it is found last; \"\" = the end"`
	IncludeLeft  bool `toml:"include_left" doc:"the string left stays"`
	IncludeRight bool `toml:"include_right" doc:"the string right stays"`
	Strip        bool `toml:"strip" doc:"remove white space at both ends of what is left"`
}

// DefaultSlice has Curator's values, which only strip. None is "" here.
func DefaultSlice() Slice {
	return Slice{Left: int64(0), Right: "", IncludeLeft: true, IncludeRight: true, Strip: true}
}

// NewSlice returns the stage that keeps what lies between two places. A text
// without one of the strings becomes empty.
func NewSlice(c stages.Common, s Slice) ([]stages.Stage, error) {
	var r slicer
	var bad [2]error
	r.left, bad[0] = newPlace("left", s.Left, !s.IncludeLeft)
	r.right, bad[1] = newPlace("right", s.Right, s.IncludeRight)
	r.strip = s.Strip
	return oneRewriter(c, r, bad[:]...)
}

type slicer struct {
	left, right place
	strip       bool
}

// A place is an index in a text: a number, or where a string begins or ends.
type place struct {
	index  int64
	mark   []byte
	isMark bool
	behind bool // the mark, not in front of it
}

func newPlace(key string, v any, behind bool) (place, error) {
	switch v := v.(type) {
	case int64:
		return place{index: v}, nil
	case string:
		return place{mark: []byte(v), isMark: true, behind: behind}, nil
	}
	return place{}, fmt.Errorf("%s = %v is neither an index nor a string", key, v)
}

// in returns the place in bytes, by a search for the mark; -1 if text has it not.
func (p place) in(text []byte, find func(text, mark []byte) int) int {
	if !p.isMark {
		return codePoint(text, p.index)
	}
	i := find(text, p.mark)
	if i >= 0 && p.behind {
		i += len(p.mark)
	}
	return i
}

// codePoint returns where code point n begins, as Python slices: from the end
// if negative, and at an end of the text where there are not as many.
func codePoint(text []byte, n int64) int {
	i := 0
	if n < 0 {
		for i = len(text); n < 0 && i > 0; n++ {
			_, size := utf8.DecodeLastRune(text[:i])
			i -= size
		}
		return i
	}
	for ; n > 0 && i < len(text); n-- {
		_, size := utf8.DecodeRune(text[i:])
		i += size
	}
	return i
}

// Rewrite cuts.
func (s slicer) Rewrite(dst, text []byte) []byte {
	left, right := s.left.in(text, bytes.Index), s.right.in(text, bytes.LastIndex)
	if left < 0 || right < left {
		return dst
	}
	text = text[left:right]
	if s.strip {
		text = bytes.TrimFunc(text, scan.IsSpace)
	}
	return append(dst, text...)
}
