package token

import (
	"unicode/utf8"
)

// pieceBPE is SentencePiece's byte pair encoding: of the neighbours that are a piece
// together, those with the best score are joined first, the leftmost of equal ones.
type pieceBPE struct {
	ids     map[string]int32
	scores  []float32
	unused  []bool // pieces that are taken apart again; nil = none
	symbols *trie  // that the user defined: never joined with others
	unknown int32
	bytes   *[256]int32
	spaced  bool // a piece has U+2581 after something else
}

func (p *proto) bpe(unknown int32, bytes *[256]int32, symbols *trie) *pieceBPE {
	b := &pieceBPE{ids: map[string]int32{}, scores: make([]float32, len(p.pieces)), symbols: symbols, unknown: unknown, bytes: bytes}
	for i, piece := range p.pieces {
		b.scores[i] = piece.score
		switch piece.kind {
		case unusedPiece:
			if b.unused == nil {
				b.unused = make([]bool, len(p.pieces))
			}
			b.unused[i] = true
		case normalPiece, userPiece:
		default:
			continue
		}
		b.ids[piece.text] = int32(i)
		b.spaced = b.spaced || spaceAfter([]byte(piece.text)) >= 0
	}
	return b
}

// atSpaces says that words may be cut in front of U+2581.
func (b *pieceBPE) atSpaces() bool {
	_, ok := b.ids[space]
	return ok && !b.spaced
}

// spmScratch is the memory of one goroutine.
type spmScratch struct {
	parts  []part
	heap   []joint
	halves map[int32]int32 // of unused pieces that were met: how long the left part was
}

// A part is text[start:end] for now.
type part struct {
	start, end int32 // equal = joined with the one before
	prev, next int32 // -1 = none
	frozen     bool
}

// A joint is a pair of neighbours that are a piece together.
type joint struct {
	score       float32
	left, right int32
	size        int32
}

//lint:ignore U1000 push and pop call it
func (j joint) before(k joint) bool {
	return j.score > k.score || j.score == k.score && j.left < k.left
}

func (b *pieceBPE) append(s *scratch, ids []int32, word []byte) []int32 {
	w := &s.spm
	w.parts, w.heap = w.parts[:0], w.heap[:0]
	for at := 0; at < len(word); {
		size, frozen := 0, false
		if b.symbols != nil {
			_, size = b.symbols.longest(word[at:])
			frozen = size > 0
		}
		if size == 0 {
			_, size = utf8.DecodeRune(word[at:])
		}
		n := int32(len(w.parts))
		w.parts = append(w.parts, part{int32(at), int32(at + size), n - 1, n + 1, frozen})
		at += size
	}
	w.parts[len(w.parts)-1].next = -1
	for i := range int32(len(w.parts) - 1) {
		b.offer(w, word, i, i+1)
	}
	var j joint
	for len(w.heap) > 0 {
		j, w.heap = pop(w.heap)
		left, right := &w.parts[j.left], &w.parts[j.right]
		if left.start == left.end || right.start == right.end || right.end-left.start != j.size || left.end != right.start {
			continue
		}
		left.end, left.next = right.end, right.next
		right.start = right.end
		if left.next >= 0 {
			w.parts[left.next].prev = j.left
		}
		b.offer(w, word, left.prev, j.left)
		b.offer(w, word, j.left, left.next)
	}
	unknown := false
	for i := int32(0); i >= 0; i = w.parts[i].next {
		ids = b.emit(w, ids, word[w.parts[i].start:w.parts[i].end], &unknown)
	}
	clear(w.halves)
	return ids
}

// offer notes that two neighbours can be joined, if they can.
func (b *pieceBPE) offer(w *spmScratch, word []byte, left, right int32) {
	if left < 0 || right < 0 || w.parts[left].frozen || w.parts[right].frozen {
		return
	}
	start, end := w.parts[left].start, w.parts[right].end
	id, ok := b.ids[string(word[start:end])]
	if !ok {
		return
	}
	w.heap = push(w.heap, joint{b.scores[id], left, right, end - start})
	if b.unused != nil && b.unused[id] {
		if w.halves == nil {
			w.halves = map[int32]int32{}
		}
		w.halves[id] = w.parts[left].end - start
	}
}

// emit appends the ids of a part. A run of unknown ones is one token, unless
// they are spelled by bytes.
func (b *pieceBPE) emit(w *spmScratch, ids []int32, text []byte, unknown *bool) []int32 {
	id, ok := b.ids[string(text)]
	if ok && b.unused != nil && b.unused[id] {
		if half, ok := w.halves[id]; ok {
			ids = b.emit(w, ids, text[:half], unknown)
			return b.emit(w, ids, text[half:], unknown)
		}
	}
	switch {
	case ok:
		*unknown = false
		return append(ids, id)
	case b.bytes != nil:
		for _, c := range text {
			if b.bytes[c] < 0 {
				ids = append(ids, b.unknown)
				continue
			}
			ids = append(ids, b.bytes[c])
		}
		return ids
	case *unknown:
		return ids
	}
	*unknown = true
	return append(ids, b.unknown)
}
