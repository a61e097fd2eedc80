// Package fasttext classifies texts with models of the fastText program
// (https://github.com/facebookresearch/fastText): supervised ones, as .bin or
// quantised as .ftz. Begin with [Open], then call [Model.Predict].
//
// It gives the labels and probabilities that the program gives. Sums are
// made of float32 in the program's order, and labels of equal probability come in
// its order too.
//
// Source: Joulin et al. 2016, https://arxiv.org/abs/1607.01759 and
// https://arxiv.org/abs/1612.03651; the format is that of the program's version 0.9.
package fasttext

import (
	"errors"
	"fmt"
	"math"
	"sync"
)

// A Model is a classifier. It may be used by several goroutines at the same
// time. Each holds about 5 MB beside it.
type Model struct {
	dict   dictionary
	grams  grams
	input  matrix
	output matrix
	loss   loss
	dim    int
	file   func() error // closes the mapping; nil where there is none
	states sync.Pool    // of *state
}

// A Prediction is a label that a text has.
type Prediction struct {
	Label int // index into [Model.Labels]
	// Probability is as the program prints it: a hundred-thousandth above what the loss says,
	// so that it may be a little over 1.
	Probability float32
}

// Open reads the model in a file. A dense matrix of more than 256 MiB is mapped,
// not read: ranks of one machine share its memory, and the file must stay as it is
// until Close. Errors name the file, and say what is wrong with it.
func Open(path string) (*Model, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	held := int64(math.MaxInt64)
	if f.mapped {
		held = mostHeld
	}
	m, keep, err := parse(f.data, held)
	if err != nil {
		f.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !keep {
		return m, f.close()
	}
	m.file = f.close
	return m, nil
}

// Close gives back the memory of the model, which must not be used any more.
func (m *Model) Close() error {
	err := errors.Join(m.input.close(), m.output.close())
	if m.file != nil {
		err = errors.Join(err, m.file())
	}
	return err
}

// Held returns how much memory the model takes with so many goroutines, but for what is mapped: the kernel can do without
// that. No model takes none.
func (m *Model) Held(threads int) int64 {
	if m == nil {
		return 0
	}
	d := &m.dict
	n := int64(threads)*stateBytes + m.input.bytes() + m.output.bytes() + int64(len(d.text)+4*len(d.ends)+8*len(d.slots))
	if p := m.grams.pruned; p != nil {
		n += int64(8*len(p.slots) + 8*len(p.may))
	}
	return n
}

// stateBytes is about how much each goroutine holds.
const stateBytes = 5 << 20

// Labels returns all labels as they stand in the model, with their prefix. The
// caller must not change them.
func (m *Model) Labels() []string { return m.dict.labels }

// Predict appends the k most likely labels of a text to dst, the likeliest first, and
// fewer where the model has fewer; a hierarchical softmax leaves out what is below
// a hundred-thousandth. The text is one line to the model whatever is in it: a line
// feed parts words like a space, as if it had been replaced by one. A word "</s>" ends it.
// A text of which the model knows nothing has no labels. Nothing is allocated if dst is large enough.
func (m *Model) Predict(dst []Prediction, text []byte, k int) []Prediction {
	s, ok := m.states.Get().(*state)
	if !ok {
		s = newState(m)
	}
	defer m.states.Put(s)
	if k < 1 || !s.embed(m, text) {
		return dst
	}
	s.best.reset(k)
	m.loss.predict(s)
	for _, c := range s.best.sorted() {
		dst = append(dst, Prediction{int(c.label), exp(c.score)})
	}
	return dst
}
