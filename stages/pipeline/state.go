package pipeline

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"sluice/stages"
	"sluice/stages/manifest"
)

// openState opens what earlier passes know of the block: the rows that are
// left, and the answers to them.
func (b *blockRun) openState(blk *stages.Block) error {
	r := b.m.r
	if b.rec.pass > 0 {
		ref := r.records[b.rec.pass-1][blk.Index].alive
		if ref != (manifest.Ref{}) {
			var err error
			if b.before, err = manifest.ReadRef(r.segments(), ref); err != nil {
				return stateError(err)
			}
		}
	}
	b.answers = map[int]*answerReader{}
	for _, step := range b.m.pass.Steps {
		if step.Round < 0 {
			continue
		}
		ref, ok := r.answers[step.Round][blk.Index]
		if !ok {
			continue
		}
		in, err := manifest.OpenSection(r.segments(), ref)
		if err != nil {
			return stateError(err)
		}
		// All of it before any is believed: a sample that is wrong by a bit
		// would hide the answers behind it.
		if err := in.Check(); err != nil {
			return errors.Join(stateError(err), in.Close())
		}
		b.answers[step.Round] = &answerReader{in: in, buf: bufio.NewReaderSize(in, int(min(ref.Length+16, 256<<10)))}
	}
	return nil
}

func (b *blockRun) closeState() {
	for _, a := range b.answers {
		a.in.Close()
	}
}

// takeAnswers reads the answers to rows first to first+n-1 of the block, by round.
func (b *blockRun) takeAnswers(first, n int64) (map[int][]stages.Answer, error) {
	if len(b.answers) == 0 {
		return nil, nil
	}
	all := make(map[int][]stages.Answer, len(b.answers))
	for round, a := range b.answers {
		list, err := a.until(stages.MakeID(b.rec.block, first+n))
		if err != nil {
			return nil, stateError(err)
		}
		all[round] = list
	}
	return all, nil
}

// stateError adds the remedy to a damaged checkpoint.
func stateError(err error) error {
	return errors.Join(err, errors.New("a checkpoint of this job is damaged or gone; start over with --fresh"))
}

// An answerReader reads the answers to the samples of one block, which lie in
// the order of the samples: 8 bytes of sample, then length and payload.
type answerReader struct {
	in   io.ReadCloser
	buf  *bufio.Reader
	next stages.Answer
	have bool
}

// until returns the answers to samples before end.
func (a *answerReader) until(end stages.ID) ([]stages.Answer, error) {
	var list []stages.Answer
	for {
		if !a.have {
			var err error
			if a.next, err = a.read(); errors.Is(err, io.EOF) {
				return list, nil
			} else if err != nil {
				return nil, err
			}
			a.have = true
		}
		if a.next.Sample >= end {
			return list, nil
		}
		list = append(list, a.next)
		a.have = false
	}
}

func (a *answerReader) read() (stages.Answer, error) {
	var id [8]byte
	if _, err := io.ReadFull(a.buf, id[:]); err != nil {
		return stages.Answer{}, err
	}
	n, err := binary.ReadUvarint(a.buf)
	if err != nil {
		return stages.Answer{}, errShort
	}
	ans := stages.Answer{Sample: stages.ID(binary.LittleEndian.Uint64(id[:])), Payload: make([]byte, n)}
	if _, err := io.ReadFull(a.buf, ans.Payload); err != nil {
		return stages.Answer{}, errShort
	}
	return ans, nil
}

func appendAnswer(b []byte, a stages.Answer) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(a.Sample))
	return appendBytes(b, a.Payload)
}
