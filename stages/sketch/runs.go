package sketch

import (
	"encoding/binary"
	"unicode/utf8"
)

// runs is windows with s.window, where the windows of ASCII are hashed together:
// they have one length, and the words of one serve the next.
func (s *signer) runs(text []byte) {
	for len(text) > 0 {
		if n := ascii(text) - s.ngram + 1; n >= lanes {
			s.asciiWindows(text, n)
			if text = text[n:]; len(text) < s.ngram {
				return
			}
		}
		text = s.upToRun(text)
	}
}

// upToRun passes windows, at least one, until there is a run of ASCII of some
// windows ahead. It returns the text from there; none where that was all.
func (s *signer) upToRun(text []byte) []byte {
	at, end := 0, 0
	for range s.ngram {
		end += codePoint(text[end:])
	}
	for {
		s.window(text[at:end])
		if end == len(text) {
			return nil
		}
		passed := text[at] >= utf8.RuneSelf
		at += codePoint(text[at:])
		end += codePoint(text[end:])
		if passed && text[at] < utf8.RuneSelf && ascii(text[at:]) >= s.ngram-1+lanes {
			return text[at:]
		}
	}
}

// ascii returns the length of the ASCII at the start of p.
func ascii(p []byte) int {
	i := 0
	for i+8 <= len(p) && binary.LittleEndian.Uint64(p[i:])&0x8080808080808080 == 0 {
		i += 8
	}
	for i < len(p) && p[i] < utf8.RuneSelf {
		i++
	}
	return i
}

// asciiWindows hashes the first n windows of a text whose code points are
// bytes, with AVX2.
func (s *signer) asciiWindows(text []byte, n int) {
	blocks, masks := s.ngram/4, [4]uint32{0, 0xff, 0xffff, 0xffffff}
	for n > 0 {
		s.permute()
		s.n = min(n, windowsAtOnce)
		some := (s.n + lanes - 1) &^ (lanes - 1)
		copy(s.text, text[:s.n+s.ngram-1])
		places := uint64(some+s.ngram+lanes-1) &^ (lanes - 1)
		murmurWordsAVX2(&s.words[0], &s.text[0], places, ^uint32(0))
		if s.ngram%4 > 0 {
			murmurWordsAVX2(&s.tails[0], &s.text[0], places, masks[s.ngram%4])
		}
		murmurWindowsAVX2(&s.hashes[0], &s.words[0], &s.tails[0], uint64(some), uint64(blocks), uint32(s.ngram), s.a[0])
		text, n = text[s.n:], n-s.n
	}
}
