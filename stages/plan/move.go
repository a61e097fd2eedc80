package plan

import (
	"io"

	"sluice/stages"
	"sluice/stages/corpus"
	"sluice/stages/format"
	"sluice/stages/round"
)

// A moved is what the sample leaves of a block to be moved.
type moved struct {
	rows      int64
	raw, disk int64 // bytes, as rows travel and as they lie in OUT
	labels    map[string]int64
}

// A moving writes the rows of a block twice, to see how many bytes they are.
type moving struct {
	*moved
	labeler stages.Labeler // nil = none
	out     []stages.Piece
}

// counter counts what is written.
type counter struct{ n *int64 }

func (c counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return len(p), nil
}

// startMoving begins a block of the last pass; nil where nothing moves.
func (s *sampled) startMoving(shard *stages.Shard, block int) (*moving, error) {
	mover := corpus.Of(s.stages, s.job.ShardSize())
	if mover == nil || s.job.Write.Format == "none" {
		return nil, nil
	}
	m := &moving{moved: &moved{labels: map[string]int64{}}}
	m.labeler, _ = mover.(stages.Labeler)
	if s.moved == nil {
		s.moved = map[int]*moved{}
	}
	s.moved[block] = m.moved
	read := s.job.Input(shard).Read
	plain := s.job.Write
	plain.Compress = "none"
	for w, out := range map[io.Writer]stages.Write{counter{&m.raw}: plain, counter{&m.disk}: s.job.Write} {
		sink, err := format.NewSink(out, read, format.Options{Format: shard.Format, Threads: s.threads})
		if err != nil {
			return nil, err
		}
		piece, err := sink.Piece(shard, w)
		if err != nil {
			return nil, err
		}
		m.out = append(m.out, piece)
	}
	return m, nil
}

// add takes the rows of a batch that are left.
func (m *moving) add(b *stages.Batch) error {
	m.rows += int64(b.Live())
	for _, piece := range m.out {
		if err := piece.Write(b); err != nil {
			return err
		}
	}
	if m.labeler == nil {
		return nil
	}
	var label []byte
	for i, kept := range b.Keep {
		if kept {
			var err error
			if label, err = m.labeler.Label(label[:0], b, i); err != nil {
				return &stages.StageError{Stage: m.labeler, Batch: b, Err: err}
			}
			m.labels[string(label)]++
		}
	}
	return nil
}

func (m *moving) close() error {
	for _, piece := range m.out {
		if err := piece.Close(); err != nil {
			return err
		}
	}
	return nil
}

// arrange asks the mover what it makes of what the sample has left, and adds up what it costs to
// send each row to where it is written. What the sample has seen is scaled by factor.
func (p *Plan) arrange(s *sampled, factor float64) error {
	mover := corpus.Of(s.stages, s.job.ShardSize())
	if mover == nil || s.moved == nil {
		return nil
	}
	grow := func(n int64) int64 { return int64(float64(n)*factor + 0.5) }
	left := stages.Left{Shards: s.shards, Blocks: s.blocks, Rows: make([]int64, len(s.blocks)), Bytes: make([]int64, len(s.blocks)),
		Size: s.job.ShardSize(), Weights: s.job.Weights()}
	var raw, disk int64
	all := map[string]bool{}
	for b, m := range s.moved {
		left.Rows[b], left.Bytes[b] = grow(m.rows), grow(m.disk)
		raw, disk = raw+grow(m.raw), disk+grow(m.disk)
		for name := range m.labels {
			all[name] = true
		}
	}
	if _, labels := mover.(stages.Labeler); labels {
		if err := corpus.Few(mover, all); err != nil {
			return err
		}
		left.Labels = make([][]stages.Label, len(s.blocks))
		for b, m := range s.moved {
			left.Labels[b] = corpus.Labels(m.labels, factor)
		}
	}
	a, err := mover.Arrange(left)
	if err != nil {
		if !p.Whole() {
			return nil // the rest of the input may have what is missing
		}
		return err
	}
	p.Outputs = len(a.Outputs)
	c := &p.Passes[len(p.Passes)-1]
	if n := len(c.Rows); n > 0 && a.Rows != left.Sum(left.Rows) {
		c.Rows[n-1] = a.Rows
	}
	if n := left.Sum(left.Rows); n > 0 {
		raw = int64(float64(raw) * float64(a.Rows) / float64(n))
	}
	const part = 8 // in front of the bytes of a row
	t := Traffic{a.Rows, raw + a.Rows*(part+round.HeaderSize)}
	ranks := int64(max(1, p.Options.Ranks))
	c.Rounds = append(c.Rounds, Round{Name: mover.Name() + ": rows", Asked: t, Sent: t.Bytes * (ranks - 1) / ranks,
		most: held{{Traffic: Traffic{a.Rows, raw + a.Rows*part}, share: 2}}})
	p.State += disk
	return nil
}
