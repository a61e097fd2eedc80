package token

import (
	"bytes"
	"fmt"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A normalizer rewrites text before it is cut. It appends what becomes of
// text to dst, which does not overlap it, and says so; or it returns a part of text, and false.
type normalizer interface {
	normalize(dst, text []byte) (out []byte, written bool)
}

// normalize takes text through all normalizers. It says whether the text
// still begins where it began: HF asks that of a text before it puts a space in front.
func (s *scratch) normalize(list []normalizer, text []byte) (out []byte, begins bool) {
	begins = true
	turn := 0
	for _, n := range list {
		if c, ok := n.(cutter); ok && c.cuts(text) {
			begins = false
		}
		out, written := n.normalize(s.normal[turn][:0], text)
		if written {
			s.normal[turn] = out
			turn = 1 - turn
		}
		text = out
	}
	return text, begins
}

// A cutter is a normalizer that may remove what a text begins with.
type cutter interface {
	cuts(text []byte) bool
}

// each appends what f makes of each code point.
type each func(dst []byte, r rune) []byte

func (f each) normalize(dst, text []byte) ([]byte, bool) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		dst = f(dst, r)
		text = text[size:]
	}
	return dst, true
}

// remove takes out the code points with one of the flags.
type remove uint16

func (f remove) normalize(dst, text []byte) ([]byte, bool) {
	if run(text, uint16(f), true) == len(text) {
		return text, false
	}
	for len(text) > 0 {
		n := run(text, uint16(f), true)
		dst = append(dst, text[:n]...)
		text = text[n:]
		text = text[run(text, uint16(f), false):]
	}
	return dst, true
}

func (f remove) cuts(text []byte) bool { return run(text, uint16(f), false) > 0 }

// white makes all white space a space.
func white(dst []byte, r rune) []byte {
	if is(r, isWhite) {
		return append(dst, ' ')
	}
	return utf8.AppendRune(dst, r)
}

// chinese puts spaces around Chinese characters.
type chinese struct{}

func (chinese) normalize(dst, text []byte) ([]byte, bool) {
	if run(text, isChinese, true) == len(text) {
		return text, false
	}
	for len(text) > 0 {
		n := run(text, isChinese, true)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) > 0 {
			_, size := utf8.DecodeRune(text)
			dst = append(append(append(dst, ' '), text[:size]...), ' ')
			text = text[size:]
		}
	}
	return dst, true
}

// lower makes each code point lower case by itself: a sigma at the end of a
// word is σ.
type lower struct{}

func (lower) normalize(dst, text []byte) ([]byte, bool) {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == 'İ' {
			dst = append(dst, "i\u0307"...)
		} else {
			dst = utf8.AppendRune(dst, r+classOf(r).delta)
		}
		i += size
	}
	return dst, true
}

// form is one of the normal forms of Unicode.
type form struct {
	norm.Form
	iters *sync.Pool // of *norm.Iter
}

func newForm(f norm.Form) form { return form{f, new(sync.Pool)} }

func (f form) normalize(dst, text []byte) ([]byte, bool) {
	if isASCII(text) || f.QuickSpan(text) == len(text) {
		return text, false
	}
	iter, ok := f.iters.Get().(*norm.Iter)
	if !ok {
		iter = new(norm.Iter)
	}
	for len(text) > 0 {
		n := f.QuickSpan(text)
		dst = append(dst, text[:n]...)
		if text = text[n:]; len(text) == 0 {
			break
		}
		n = f.NextBoundary(text, true)
		for iter.Init(f.Form, text[:n]); !iter.Done(); {
			dst = append(dst, iter.Next()...)
		}
		text = text[n:]
	}
	iter.Init(f.Form, nil) // the text may go
	f.iters.Put(iter)
	return dst, true
}

// strip removes white space at the ends.
type strip struct{ left, right bool }

func (f strip) normalize(_, text []byte) ([]byte, bool) {
	if f.left {
		text = text[run(text, isWhite, false):]
	}
	for f.right && len(text) > 0 {
		r, size := utf8.DecodeLastRune(text)
		if !is(r, isWhite) {
			break
		}
		text = text[:len(text)-size]
	}
	return text, false
}

func (f strip) cuts(text []byte) bool { return f.left && run(text, isWhite, false) > 0 }

// prepend puts something in front of a text that is not empty.
type prepend string

func (f prepend) normalize(dst, text []byte) ([]byte, bool) {
	if len(text) == 0 {
		return text, false
	}
	return append(append(dst, f...), text...), true
}

// replace puts something in the place of each match.
type replace struct {
	finder
	by string
}

func (f replace) normalize(dst, text []byte) ([]byte, bool) {
	done, found := 0, false
	m := find(f.finder, text)
	for {
		start, end, ok := m.next(text)
		if !ok {
			break
		}
		dst = append(append(dst, text[done:start]...), f.by...)
		done, found = end, true
	}
	if !found {
		return text, false
	}
	return append(dst, text[done:]...), true
}

func (f replace) cuts(text []byte) bool {
	if f.by != "" {
		return false
	}
	m := find(f.finder, text)
	start, end, ok := m.next(text)
	return ok && start == 0 && end > 0
}

// nmt is the cleaning of NMT's SentencePiece models: controls go, and odd white space becomes a space.
func nmt(dst []byte, r rune) []byte {
	switch {
	case r >= 1 && r <= 8, r == 0xb, r >= 0xe && r <= 0x1f, r == 0x7f, r == 0x8f, r == 0x9f:
		return dst
	case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200b && r <= 0x200f,
		r == 0x2028, r == 0x2029, r == 0x2581, r == 0xfeff, r == 0xfffd:
		return append(dst, ' ')
	}
	return utf8.AppendRune(dst, r)
}

// byteAlphabet are the code points that stand for bytes in byte-level
// vocabularies: the byte itself where it is a visible Latin-1 character, and
// those from U+0100 up, in order, for the others (GPT-2's bytes_to_unicode).
var byteAlphabet = func() (alphabet [256]string) {
	next := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			alphabet[b] = string(b)
		} else {
			alphabet[b] = string(next)
			next++
		}
	}
	return alphabet
}()

// byteLevel writes each byte as a code point.
type byteLevel struct{}

func (byteLevel) normalize(dst, text []byte) ([]byte, bool) { return appendBytes(dst, text), true }

// appendBytes appends text in the alphabet of byte-level vocabularies.
func appendBytes(dst, text []byte) []byte {
	for _, c := range text {
		dst = append(dst, byteAlphabet[c]...)
	}
	return dst
}

// normalizerJSON is a normalizer in a tokenizer.json.
type normalizerJSON struct {
	Type               string           `json:"type"`
	Normalizers        []normalizerJSON `json:"normalizers"`
	CleanText          bool             `json:"clean_text"`
	HandleChineseChars bool             `json:"handle_chinese_chars"`
	StripAccents       *bool            `json:"strip_accents"`
	Lowercase          bool             `json:"lowercase"`
	StripLeft          bool             `json:"strip_left"`
	StripRight         bool             `json:"strip_right"`
	Charsmap           []byte           `json:"precompiled_charsmap"`
	Pattern            patternJSON      `json:"pattern"`
	Content            string           `json:"content"`
	Prepend            string           `json:"prepend"`
}

// list returns the normalizers of n, in order.
func (n *normalizerJSON) list() ([]normalizer, error) {
	if n == nil {
		return nil, nil
	}
	switch n.Type {
	case "Sequence":
		var all []normalizer
		for i := range n.Normalizers {
			list, err := n.Normalizers[i].list()
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	case "BertNormalizer":
		var all []normalizer
		if n.CleanText {
			all = append(all, remove(isControl), each(white))
		}
		if n.HandleChineseChars {
			all = append(all, chinese{})
		}
		if n.StripAccents == nil && n.Lowercase || n.StripAccents != nil && *n.StripAccents {
			all = append(all, newForm(norm.NFD), remove(isAccent))
		}
		if n.Lowercase {
			all = append(all, lower{})
		}
		return all, nil
	case "Strip":
		return []normalizer{strip{n.StripLeft, n.StripRight}}, nil
	case "StripAccents":
		return []normalizer{remove(isCombining)}, nil
	case "NFC":
		return []normalizer{newForm(norm.NFC)}, nil
	case "NFD":
		return []normalizer{newForm(norm.NFD)}, nil
	case "NFKC":
		return []normalizer{newForm(norm.NFKC)}, nil
	case "NFKD":
		return []normalizer{newForm(norm.NFKD)}, nil
	case "Lowercase":
		return []normalizer{lower{}}, nil
	case "Nmt":
		return []normalizer{each(nmt)}, nil
	case "Prepend":
		return []normalizer{prepend(n.Prepend)}, nil
	case "ByteLevel":
		return []normalizer{byteLevel{}}, nil
	case "Replace":
		f, err := n.Pattern.finder()
		return []normalizer{replace{f, n.Content}}, err
	case "Precompiled":
		if len(n.Charsmap) == 0 {
			return nil, nil
		}
		m, err := newCharsmap(n.Charsmap)
		return []normalizer{precompiled{m}}, err
	}
	return nil, fmt.Errorf("normalizer %q is not known\nit may be of a newer release of tokenizers than %s", n.Type, Peer)
}

// charsmap is the table of replacements of a SentencePiece model: a double
// array of the darts-clone library, and the texts that its values point at, each
// ended by a zero byte.
type charsmap struct {
	units []uint32
	texts []byte
}

func newCharsmap(data []byte) (*charsmap, error) {
	bad := fmt.Errorf("precompiled_charsmap of %d bytes is damaged\nfetch the file again", len(data))
	if len(data) < 4 {
		return nil, bad
	}
	size := int(uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24)
	if size%4 != 0 || size == 0 || size > len(data)-4 {
		return nil, bad
	}
	m := &charsmap{units: make([]uint32, size/4), texts: bytes.Clone(data[4+size:])}
	for i := range m.units {
		p := data[4+4*i:]
		m.units[i] = uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16 | uint32(p[3])<<24
	}
	return m, nil
}

// prefix calls found for each key that text begins with, shortest first: its
// size and where its replacement begins. It stops when found says so.
func (m *charsmap) prefix(text []byte, found func(size, at int) bool) {
	p := m.offset(0)
	for i, c := range text {
		p ^= uint32(c)
		u := m.unit(p)
		if u&(1<<31|0xff) != uint32(c) || c == 0 {
			return
		}
		p ^= m.offset(p)
		if u>>8&1 == 1 && !found(i+1, int(m.unit(p)&(1<<31-1))) {
			return
		}
	}
}

// unit returns unit p of the double array.
func (m *charsmap) unit(p uint32) uint32 {
	if int(p) < len(m.units) {
		return m.units[p]
	}
	return 1 << 31 // has no label that is a byte
}

// offset returns what leads from unit p to its children.
func (m *charsmap) offset(p uint32) uint32 {
	u := m.unit(p)
	return u >> 10 << (u & (1 << 9) >> 6)
}

// begins says that c is a key, or that keys begin with c and d.
func (m *charsmap) begins(c, d byte) bool {
	p := m.offset(0) ^ uint32(c)
	u := m.unit(p)
	if u&(1<<31|0xff) != uint32(c) || c == 0 {
		return false
	}
	if u>>8&1 == 1 {
		return true
	}
	return m.unit(p^m.offset(p)^uint32(d))&(1<<31|0xff) == uint32(d)
}

// text returns the replacement that begins at i.
func (m *charsmap) text(i int) []byte {
	if i >= len(m.texts) {
		return nil
	}
	if n := bytes.IndexByte(m.texts[i:], 0); n >= 0 {
		return m.texts[i : i+n]
	}
	return m.texts[i:]
}

// shortest returns the replacement of the shortest key that text begins with.
func (m *charsmap) shortest(text []byte) (by []byte, ok bool) {
	m.prefix(text, func(_, at int) bool {
		by, ok = m.text(at), true
		return false
	})
	return by, ok
}

// longest returns the replacement and the size of the longest key that text begins with.
func (m *charsmap) longest(text []byte) (by []byte, size int) {
	at := 0
	m.prefix(text, func(n, i int) bool { size, at = n, i; return true })
	if size > 0 {
		by = m.text(at)
	}
	return by, size
}
