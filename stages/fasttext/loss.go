package fasttext

import "math"

// A loss makes probabilities of the mean of the input rows, and finds the best labels.
type loss interface {
	// predict reads s.sum and fills s.best.
	predict(s *state)
}

// newLoss returns the loss that the model was trained with.
func newLoss(name int32, output *matrix, counts []int64) (loss, error) {
	switch name {
	case hierarchical:
		return newTree(output, counts)
	case softmax:
		return &softmaxLoss{newLabels(output, len(counts))}, nil
	case negative, oneVsAll:
		return &sigmoidLoss{newLabels(output, len(counts)), sigmoids()}, nil
	}
	return nil, damaged("loss %d", name)
}

// logarithm and exp are the program's functions: of double and single precision.
func logarithm(x float32) float32 { return float32(math.Log(float64(x) + 1e-5)) }
func exp(x float32) float32       { return float32(math.Exp(float64(x))) }

// labels holds the output matrix in blocks of labels, so that the products of eight labels
// with a vector can be summed at once, each in its own order.
type labels struct {
	n, cols int
	blocks  []float32 // of blockLabels labels: all first numbers, then all second ones, and so on
	norms   []float32 // what products are multiplied by; nil where that is 1
}

// blockLabels is the number of labels of a block.
const blockLabels = 32

func newLabels(output *matrix, n int) labels {
	l := labels{n: n, cols: output.cols, norms: output.norms}
	l.blocks = make([]float32, (n+blockLabels-1)/blockLabels*blockLabels*l.cols)
	for i := range n {
		block := l.blocks[i/blockLabels*blockLabels*l.cols+i%blockLabels:]
		for j := range l.cols {
			block[j*blockLabels] = output.at(i, j)
		}
	}
	return l
}

// at returns a number of a matrix, before its norm.
func (m *matrix) at(row, col int) float32 {
	if m.dense != nil {
		return m.dense[row*m.cols+col]
	}
	return m.centroid(row, col/m.width)[col%m.width]
}

// products writes the product of each label's row with the vector.
func (l *labels) products(s *state) {
	size := blockLabels * l.cols
	for b := 0; b*size < len(l.blocks); b++ {
		dots((*[blockLabels]float32)(s.output[b*blockLabels:]), l.blocks[b*size:][:size], s.sum[:l.cols])
	}
	for i, norm := range l.norms[:min(len(l.norms), l.n)] {
		s.output[i] *= norm
	}
}

// dotsDense is the contract of dots: out becomes the products of a vector with the rows of a block.
func dotsDense(out *[blockLabels]float32, block, vector []float32) {
	clear(out[:])
	for j, v := range vector {
		for i, w := range block[j*blockLabels:][:blockLabels] {
			out[i] += float32(w * v)
		}
	}
}

// best puts the best of the outputs into s.best.
func (l *labels) best(s *state) {
	for i, p := range s.output[:l.n] {
		s.best.offerProbability(p, int32(i))
	}
}

type softmaxLoss struct{ labels }

func (l *softmaxLoss) predict(s *state) {
	l.products(s)
	out := s.output[:l.n]
	most := out[0]
	for _, v := range out {
		if most < v {
			most = v
		}
	}
	var sum float32
	for i, v := range out {
		out[i] = exp(v - most)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	l.best(s)
}

// sigmoidLoss asks of each label by itself whether it fits.
type sigmoidLoss struct {
	labels
	table []float32
}

// The program looks the sigmoid up, without interpolation.
const (
	sigmoidSteps = 512
	sigmoidEnd   = 8
)

func sigmoids() []float32 {
	table := make([]float32, sigmoidSteps+1)
	for i := range table {
		x := float32(2*i*sigmoidEnd)/sigmoidSteps - sigmoidEnd
		table[i] = float32(1 / (1 + float64(exp(-x))))
	}
	return table
}

func (l *sigmoidLoss) predict(s *state) {
	l.products(s)
	for i, x := range s.output[:l.n] {
		switch {
		case x < -sigmoidEnd:
			s.output[i] = 0
		case x > sigmoidEnd:
			s.output[i] = 1
		case x == x:
			s.output[i] = l.table[int((x+sigmoidEnd)*sigmoidSteps/sigmoidEnd/2)]
		}
	}
	l.best(s)
}

// A tree is a hierarchical softmax: a binary tree of Huffman's over the labels, whose
// inner nodes say by their row of the output matrix how likely the right branch is.
type tree struct {
	output *matrix
	nodes  []node // the labels, then the inner nodes; the last is the root
	labels int
}

type node struct{ left, right int32 } // -1 at labels

// newTree makes the tree of labels with these counts, in the program's way.
func newTree(output *matrix, counts []int64) (*tree, error) {
	const unmade = 1e15 // count of a node that is not there yet
	n := len(counts)
	t := &tree{output: output, nodes: make([]node, 2*n-1), labels: n}
	sums := make([]int64, 2*n-1)
	for i := range sums {
		t.nodes[i], sums[i] = node{-1, -1}, unmade
	}
	for i, count := range counts {
		if count < 0 || count >= unmade {
			return nil, damaged("a label that occurs %d times", count)
		}
		sums[i] = count
	}
	leaf, inner := n-1, n
	least := func() int32 {
		if leaf >= 0 && sums[leaf] < sums[inner] {
			leaf--
			return int32(leaf + 1)
		}
		inner++
		return int32(inner - 1)
	}
	for i := n; i < len(t.nodes); i++ {
		left := least()
		right := least()
		if max(int(left), int(right)) >= i {
			return nil, damaged("counts of labels that make no tree: %d and so on", counts[0])
		}
		t.nodes[i] = node{left, right}
		sums[i] = sums[left] + sums[right]
	}
	return t, nil
}

func (t *tree) predict(s *state) { t.walk(s, int32(len(t.nodes)-1), 0) }

// walk looks for labels below a node that is as likely as the score says. It goes where the
// program goes, likely branch or not: of labels that are equally likely, the order decides.
func (t *tree) walk(s *state, at int32, score float32) {
	if !(score >= unlikely) || s.best.full() && score < s.best.least() {
		return
	}
	n := t.nodes[at]
	if n.left < 0 {
		s.best.offer(candidate{score, at})
		return
	}
	x := t.output.dot(s.sum[:t.output.cols], int(at)-t.labels)
	right := float32(1 / float64(1+exp(-x)))
	t.walk(s, n.left, score+logarithm(float32(1-float64(right))))
	t.walk(s, n.right, score+logarithm(right))
}

// unlikely is the logarithm of the smallest probability that the tree is searched for.
const unlikely float32 = -11.512925464970229
