package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unigram is the model that cuts a text into the most likely pieces (Kudo
// 2018, https://arxiv.org/abs/1804.10959), by Viterbi's algorithm from left to right.
// Scores are added in the order of the text and rounded as the peer does it, so that
// ties are broken in the same way.
type unigram struct {
	pieces  *trie
	scores  []float64 // by id
	ids     map[string]int32
	unknown int32
	penalty float64 // the score of an unknown code point
	fuse    bool    // a run of unknown code points is one token
	bytes   *[256]int32
	single  bool // sums are rounded to 32 bits, as SentencePiece does
}

// unigram makes the model of a tokenizer.json.
func (m *modelJSON) unigram() (*unigram, map[string]int32, error) {
	var list []scoredJSON
	if err := json.Unmarshal(m.Vocab, &list); err != nil {
		return nil, nil, fmt.Errorf("vocab: %w\nfetch the file again", err)
	}
	if m.UnkID == nil || *m.UnkID < 0 || int(*m.UnkID) >= len(list) {
		return nil, nil, errors.New("unk_id is missing or not in the vocabulary")
	}
	u := &unigram{ids: map[string]int32{}, unknown: *m.UnkID, fuse: true, penalty: math.Inf(1)}
	var keys []key
	for i, piece := range list {
		if piece.text != "" {
			keys = append(keys, key{piece.text, int32(i)})
		}
		u.ids[piece.text] = int32(i)
		u.scores = append(u.scores, piece.score)
		u.penalty = min(u.penalty, piece.score)
	}
	u.penalty -= unknownPenalty
	u.pieces = newTrie(keys)
	if m.ByteFallback {
		u.bytes = byteTokens(u.ids)
	}
	return u, u.ids, nil
}

// lowest is the sum below which SentencePiece begins anew, so that 32 bits are enough for long texts. It was found by
// what sentencepiece 0.2.3 makes of 200 texts of up to 448,000 characters.
const lowest = -1e5

// unknownPenalty is how much worse an unknown code point is than the worst piece.
const unknownPenalty = 10

// scoredJSON is ["piece", -1.5].
type scoredJSON struct {
	text  string
	score float64
}

func (p *scoredJSON) UnmarshalJSON(data []byte) error {
	var score json.Number
	if err := json.Unmarshal(data, &[]any{&p.text, &score}); err != nil {
		return err
	}
	if score == "" {
		return errors.New("a piece has no score")
	}
	p.score = parseScore(string(score))
	return nil
}

// parseScore reads a number as the JSON library of the peer does, which rounds
// twice: the digits, as many as 64 bits hold, to a number, and that times a power of
// ten. Scores that differ in the last bit break ties in another way.
func parseScore(text string) float64 {
	rest, negative := strings.CutPrefix(text, "-")
	number, power, _ := strings.Cut(strings.ToLower(rest), "e")
	exponent, _ := strconv.Atoi(power)
	digits := uint64(0)
	full, fraction := false, false
	for i := range len(number) {
		c := number[i]
		if c == '.' {
			fraction = true
			continue
		}
		if d := uint64(c - '0'); !full && digits <= (math.MaxUint64-d)/10 {
			digits = digits*10 + d
			if fraction {
				exponent--
			}
		} else {
			full = true
			if !fraction {
				exponent++
			}
		}
	}
	f := float64(digits)
	for ; exponent < -308 && f != 0; exponent += 308 {
		f /= 1e308
	}
	if exponent < 0 {
		f /= math.Pow10(max(-exponent, 0))
	} else {
		f *= math.Pow10(exponent)
	}
	if negative {
		f = -f
	}
	return f
}

// A node is the best way to cut the text up to a place.
type node struct {
	score float64
	from  int32 // where its last piece begins; -1 = no way is known
	id    int32
}

// A span is a piece of the text: [start, end).
type span struct {
	start, end int32
	id         int32
}

// append cuts word. Where no piece crosses a place, all that came before is settled,
// so that memory is bounded by how far pieces hang together.
func (u *unigram) append(s *scratch, ids []int32, word []byte) []int32 {
	nodes := append(s.nodes[:0], node{from: 0})
	base := 0  // of nodes[0]
	reach := 0 // the farthest end of a piece
	for at := 0; at < len(word); {
		if at == reach && at > base && nodes[at-base].id != u.unknown {
			ids = u.settle(s, ids, word[base:at], nodes)
			nodes[0] = node{score: nodes[at-base].score}
			nodes = nodes[:1]
			base = at
		}
		size := 1
		if word[at] >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(word[at:])
		}
		score := nodes[at-base].score
		if u.single && score < lowest {
			for k := at - base; k < len(nodes); k++ {
				nodes[k].score = float64(float32(nodes[k].score - score))
			}
			score = 0
		}
		alone := false // a piece is this code point
		cells := u.pieces.cells
		p := int32(0)
		for i := at; i < len(word); i++ {
			q := cells[p].base + int32(word[i])
			if cells[q].check != p || q == 0 {
				break
			}
			p = q
			id := cells[p].value
			if id < 0 {
				continue
			}
			nodes = u.offer(nodes, i+1-base, node{u.scores[id] + score, int32(at - base), id})
			reach = max(reach, i+1)
			alone = alone || i+1-at == size
		}
		if !alone {
			nodes = u.offer(nodes, at+size-base, node{u.penalty + score, int32(at - base), u.unknown})
			reach = max(reach, at+size)
		}
		at += size
	}
	ids = u.settle(s, ids, word[base:], nodes)
	s.nodes = nodes
	return ids
}

// offer makes n the way to place i if it is better than the one that is known.
func (u *unigram) offer(nodes []node, i int, n node) []node {
	for len(nodes) <= i {
		nodes = append(nodes, node{from: -1})
	}
	if u.single {
		n.score = float64(float32(n.score))
	}
	if nodes[i].from < 0 || n.score > nodes[i].score {
		nodes[i] = n
	}
	return nodes
}

// settle appends the ids of text, which the last node but those beyond it ends.
func (u *unigram) settle(s *scratch, ids []int32, text []byte, nodes []node) []int32 {
	path := s.path[:0]
	for at := int32(len(text)); at > 0; {
		n := nodes[at]
		if k := len(path); u.fuse && k > 0 && n.id == u.unknown && path[k-1].id == u.unknown {
			path[k-1].start = n.from
		} else {
			path = append(path, span{n.from, at, n.id})
		}
		at = n.from
	}
	s.path = path
	for i := len(path) - 1; i >= 0; i-- {
		p := path[i]
		if p.id != u.unknown {
			ids = append(ids, p.id)
			continue
		}
		ids = u.appendUnknown(ids, text[p.start:p.end])
	}
	return ids
}

// appendUnknown appends the ids of unknown code points.
func (u *unigram) appendUnknown(ids []int32, text []byte) []int32 {
	if u.ids != nil {
		if id, ok := u.ids[string(text)]; ok { // fused ones may be a piece that was too unlikely
			return append(ids, id)
		}
	}
	if u.bytes != nil {
		n := len(ids)
		for _, c := range text {
			if u.bytes[c] < 0 {
				return append(ids[:n], u.unknown)
			}
			ids = append(ids, u.bytes[c])
		}
		return ids
	}
	return append(ids, u.unknown)
}
