package token

import "slices"

// A trie finds the longest and all prefixes of a text that are in a list. It
// is a double array (Aoki, "An efficient digital search algorithm by using a
// double-array structure", 1989): the child of cell p for byte c is cell
// base(p) + c, if its check is p.
type trie struct{ cells []cell }

type cell struct {
	base  int32
	check int32 // the cell above; -1 = free
	value int32 // of the key that ends here; -1 = none
}

// A key is an entry of a trie. Keys are not empty.
type key struct {
	text  string
	value int32
}

// newTrie builds the trie of the keys. Of equal ones the last counts.
func newTrie(keys []key) *trie {
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b key) int {
		if a.text < b.text {
			return -1
		} else if a.text > b.text {
			return 1
		}
		return 0
	})
	t := &trie{}
	b := builder{trie: t}
	b.grow(1)
	t.cells[0].check = 0
	b.free = 1
	b.waiting = append(b.waiting, branch{0, keys, 0})
	for n := len(b.waiting); n > 0; n = len(b.waiting) {
		next := b.waiting[n-1]
		b.waiting = b.waiting[:n-1]
		b.add(next)
	}
	b.grow(256) // so that base + byte is never outside
	return t
}

type builder struct {
	*trie
	free    int // no cell before it is free
	waiting []branch
}

// A branch is a cell and the keys below it, whose first depth bytes it stands for.
type branch struct {
	cell  int32
	keys  []key
	depth int
}

func (b *builder) grow(n int) {
	for range n {
		b.cells = append(b.cells, cell{base: 0, check: -1, value: -1})
	}
}

// add puts the children of a cell.
func (b *builder) add(above branch) {
	keys, depth := above.keys, above.depth
	for len(keys) > 0 && len(keys[0].text) == depth {
		b.cells[above.cell].value = keys[0].value
		keys = keys[1:]
	}
	if len(keys) == 0 {
		return
	}
	var children [256]byte
	n := 0
	for i := range keys {
		if c := keys[i].text[depth]; n == 0 || children[n-1] != c {
			children[n] = c
			n++
		}
	}
	base := b.place(children[:n])
	b.cells[above.cell].base = base
	for _, c := range children[:n] {
		b.cells[base+int32(c)].check = above.cell
	}
	for i := 0; i < len(keys); {
		n := i + 1
		for n < len(keys) && keys[n].text[depth] == keys[i].text[depth] {
			n++
		}
		b.waiting = append(b.waiting, branch{base + int32(keys[i].text[depth]), keys[i:n], depth + 1})
		i = n
	}
}

// place returns a base at which the cells of all children are free. It tries a
// few hundred cells and then goes to the end, so that building takes linear time.
func (b *builder) place(children []byte) int32 {
	for b.free < len(b.cells) && b.cells[b.free].check >= 0 {
		b.free++
	}
	first := int(children[0])
	p := max(b.free, first)
	for tries := 0; p < len(b.cells) && !b.fits(p-first, children); p++ {
		if b.cells[p].check >= 0 {
			continue
		}
		if tries++; tries == 200 {
			b.free, p = p, len(b.cells)
			break
		}
	}
	b.grow(max(0, p-first+int(children[len(children)-1])+1-len(b.cells)))
	return int32(p - first)
}

func (b *builder) fits(base int, children []byte) bool {
	for _, c := range children {
		if q := base + int(c); q < len(b.cells) && b.cells[q].check >= 0 {
			return false
		}
	}
	return true
}

// longest returns the value and the size of the longest key that text begins
// with; size 0 = none.
func (t *trie) longest(text []byte) (value int32, size int) {
	cells := t.cells
	p := int32(0)
	for i, c := range text {
		q := cells[p].base + int32(c)
		if cells[q].check != p || q == 0 {
			break
		}
		p = q
		if v := cells[p].value; v >= 0 {
			value, size = v, i+1
		}
	}
	return value, size
}
