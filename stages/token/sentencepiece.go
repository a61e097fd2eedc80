package token

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// sentencePiece is a tokenizer as a SentencePiece model describes it (Kudo and
// Richardson 2018, https://arxiv.org/abs/1808.06226; the file is the message ModelProto of
// src/sentencepiece_model.proto in https://github.com/google/sentencepiece).
type sentencePiece struct {
	charsmap *charsmap // nil = texts stay as they are
	symbols  *trie     // that the user defined, which are kept whole; nil = none
	prefix   bool      // a space is put in front of a text
	trim     bool      // spaces at the ends go, and all but one of several
	escape   bool      // spaces become U+2581
	suffix   bool      // spaces belong to the word before
	// kept are ASCII characters that stay as they are where another one, or nothing, follows.
	kept [utf8.RuneSelf]bool
	words
}

// Types of pieces.
const (
	normalPiece  = 1
	unknownPiece = 2
	controlPiece = 3
	userPiece    = 4
	unusedPiece  = 5
	bytePiece    = 6
)

// protoPiece is a SentencePiece of the ModelProto.
type protoPiece struct {
	text  string
	score float32
	kind  uint64
}

// proto is what is read of a ModelProto.
type proto struct {
	pieces       []protoPiece
	model        uint64 // 1 unigram, 2 BPE, 3 word, 4 char
	suffix       bool
	byteFallback bool
	charsmap     []byte
	noPrefix     bool
	noTrim       bool
	noEscape     bool
	end          int32 // -1 = none
}

var errProto = errors.New("neither a tokenizer.json nor a SentencePiece model, or a damaged one\nfetch the file again")

// fields calls f for each field of a message: its number, and its value if it
// is a number or bytes.
func fields(data []byte, f func(n protowire.Number, number uint64, bytes []byte) error) error {
	for len(data) > 0 {
		n, kind, size := protowire.ConsumeTag(data)
		if size < 0 {
			return errProto
		}
		data = data[size:]
		var number uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			number, size = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v uint32
			v, size = protowire.ConsumeFixed32(data)
			number = uint64(v)
		case protowire.BytesType:
			bytes, size = protowire.ConsumeBytes(data)
		default:
			size = protowire.ConsumeFieldValue(n, kind, data)
		}
		if size < 0 {
			return errProto
		}
		data = data[size:]
		if err := f(n, number, bytes); err != nil {
			return err
		}
	}
	return nil
}

func readProto(data []byte) (*proto, error) {
	p := &proto{model: 1, end: 2}
	err := fields(data, func(n protowire.Number, _ uint64, bytes []byte) error {
		switch n {
		case 1:
			piece := protoPiece{kind: normalPiece}
			err := fields(bytes, func(n protowire.Number, number uint64, bytes []byte) error {
				switch n {
				case 1:
					piece.text = string(bytes)
				case 2:
					piece.score = math.Float32frombits(uint32(number))
				case 3:
					piece.kind = number
				}
				return nil
			})
			p.pieces = append(p.pieces, piece)
			return err
		case 2:
			return fields(bytes, func(n protowire.Number, number uint64, _ []byte) error {
				switch n {
				case 3:
					p.model = number
				case 24:
					p.suffix = number != 0
				case 41:
					p.end = int32(number)
				case 35:
					p.byteFallback = number != 0
				}
				return nil
			})
		case 3:
			return fields(bytes, func(n protowire.Number, number uint64, bytes []byte) error {
				switch n {
				case 2:
					p.charsmap = bytes
				case 3:
					p.noPrefix = number == 0
				case 4:
					p.noTrim = number == 0
				case 5:
					p.noEscape = number == 0
				}
				return nil
			})
		}
		return nil
	})
	return p, err
}

// parseSentencePiece reads a SentencePiece model.
func parseSentencePiece(data []byte) (*Tokenizer, error) {
	p, err := readProto(data)
	if err != nil {
		return nil, err
	}
	if len(p.pieces) == 0 {
		return nil, errProto
	}
	m := &sentencePiece{prefix: !p.noPrefix, trim: !p.noTrim, escape: !p.noEscape, suffix: p.suffix}
	t := &Tokenizer{plain: m.encode, size: len(p.pieces), ids: map[string]int32{}, end: -1}
	if p.end >= 0 && int(p.end) < len(p.pieces) && p.pieces[p.end].kind == controlPiece {
		t.end = p.end
	}
	if len(p.charsmap) > 0 {
		if m.charsmap, err = newCharsmap(p.charsmap); err != nil {
			return nil, err
		}
	}
	unknown := int32(-1)
	unused := false
	var user []key
	for i, piece := range p.pieces {
		switch {
		case piece.text == "" || !utf8.ValidString(piece.text):
			return nil, fmt.Errorf("piece %d is %q\nfetch the file again", i, piece.text)
		case math.IsNaN(float64(piece.score)):
			return nil, fmt.Errorf("piece %q has no score\nfetch the file again", piece.text)
		case piece.kind == unknownPiece:
			unknown = int32(i)
		case piece.kind == userPiece:
			user = append(user, key{piece.text, int32(i)})
		case piece.kind == unusedPiece:
			unused = true
		}
		t.ids[piece.text] = int32(i)
	}
	if unknown < 0 {
		return nil, errors.New("the model has no piece for what is unknown\nfetch the file again")
	}
	if len(user) > 0 {
		m.symbols = newTrie(user)
	}
	m.keep()
	var bytes *[256]int32
	if p.byteFallback {
		bytes = byteTokens(t.ids)
	}
	switch p.model {
	case 1:
		m.model = p.unigram(unknown, bytes)
	case 2:
		b := p.bpe(unknown, bytes, m.symbols)
		m.model, m.atSpaces = b, !unused && m.escape && b.atSpaces()
	default:
		return nil, fmt.Errorf("the model is of type %d\nonly unigram (1) and BPE (2) can be read", p.model)
	}
	return t, nil
}

// unigram makes the unigram model.
func (p *proto) unigram(unknown int32, bytes *[256]int32) *unigram {
	u := &unigram{unknown: unknown, bytes: bytes, fuse: bytes == nil, single: true, scores: make([]float64, len(p.pieces))}
	least, most := float32(math.MaxFloat32), float32(0x1p-126) // as SentencePiece begins
	for _, piece := range p.pieces {
		if piece.kind == normalPiece {
			least, most = min(least, piece.score), max(most, piece.score)
		}
	}
	var keys []key
	for i, piece := range p.pieces {
		switch piece.kind {
		case normalPiece:
			u.scores[i] = float64(piece.score)
		case userPiece: // always better than its parts
			u.scores[i] = float64(float32(float64(float32(len(piece.text))*most) - 0.1))
		default:
			continue
		}
		keys = append(keys, key{piece.text, int32(i)})
	}
	u.pieces = newTrie(keys)
	u.penalty = float64(least - unknownPenalty)
	return u
}

// encode appends the ids of text to s.ids.
func (m *sentencePiece) encode(s *scratch, text []byte) {
	s.normal[0] = m.normalize(s.normal[0][:0], text)
	text = s.normal[0]
	if len(text) == 0 {
		return
	}
	m.word(s, text)
}

// keep finds the ASCII characters that nothing replaces.
func (m *sentencePiece) keep() {
	for c := range byte(utf8.RuneSelf) {
		m.kept[c] = c != ' ' && (m.symbols == nil || m.symbols.cells[m.symbols.cells[0].base+int32(c)].check != 0)
		for d := byte(0); m.charsmap != nil && m.kept[c] && d < utf8.RuneSelf; d++ {
			m.kept[c] = !m.charsmap.begins(c, d)
		}
	}
}

// normalize appends text as the model sees it.
func (m *sentencePiece) normalize(dst, text []byte) []byte {
	blank := " "
	if m.escape {
		blank = space
	}
	for m.trim && len(text) > 0 {
		by, size := m.rewritten(text)
		if string(by) != " " {
			break
		}
		text = text[size:]
	}
	if len(text) == 0 {
		return dst
	}
	if m.prefix && !m.suffix {
		dst = append(dst, blank...)
	}
	blankBefore := m.trim
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf && m.kept[c] && (len(text) == 1 || text[1] < utf8.RuneSelf) {
			dst, text, blankBefore = append(dst, c), text[1:], false
			continue
		}
		by, size := m.rewritten(text)
		for blankBefore && len(by) > 0 && by[0] == ' ' {
			by = by[1:]
		}
		if len(by) > 0 {
			for _, c := range by {
				if c == ' ' {
					dst = append(dst, blank...)
				} else {
					dst = append(dst, c)
				}
			}
			blankBefore = m.trim && by[len(by)-1] == ' '
		}
		text = text[size:]
	}
	if m.trim {
		for len(dst) >= len(blank) && string(dst[len(dst)-len(blank):]) == blank {
			dst = dst[:len(dst)-len(blank)]
		}
	}
	if m.prefix && m.suffix {
		dst = append(dst, blank...)
	}
	return dst
}

// rewritten returns what becomes of the start of a text, and how much that takes up.
func (m *sentencePiece) rewritten(text []byte) (by []byte, size int) {
	if m.symbols != nil {
		if _, n := m.symbols.longest(text); n > 0 {
			return text[:n], n
		}
	}
	if m.charsmap != nil {
		if by, n := m.charsmap.longest(text); n > 0 {
			return by, n
		}
	}
	_, n := utf8.DecodeRune(text)
	return text[:n], n
}
