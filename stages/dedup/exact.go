// Package dedup finds samples that repeat others.
package dedup

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/scan"
)

// Exact is the table of dedup.exact.
type Exact struct {
	Columns   []string `toml:"columns" doc:"compare these columns instead of the text"`
	Normalize []string `toml:"normalize" doc:"compare after: lower, whitespace, punctuation, digits, nfc, nfkc"`
	Keep      string   `toml:"keep" doc:"who stays: first, last, longest, max:COLUMN, min:COLUMN"`
	Priority  []string `toml:"priority" doc:"patterns of shards that come before all others, the first before the second"`
	Against   []string `toml:"against" doc:"files of an earlier collection: compared with, never removed, never written"`
}

// DefaultExact compares texts byte for byte and keeps the first.
func DefaultExact() Exact {
	return Exact{Columns: []string{}, Normalize: []string{}, Keep: "first", Priority: []string{}, Against: []string{}}
}

type exact struct {
	common    stages.Common
	columns   []string
	normalize scan.Normalizer
	keep      keep
}

// NewExact returns the stage that removes samples whose text, or whose named
// columns, equal those of another after normalisation. Texts are compared by
// XXH3's 128-bit hash. A row in which every named column is missing or null is not
// compared.
func NewExact(c stages.Common, e Exact) ([]stages.Stage, error) {
	x := &exact{common: c, columns: e.Columns}
	var errs []error
	var err error
	if x.keep, err = parseKeep(e.Keep); err != nil {
		errs = append(errs, err)
	}
	if x.keep, err = x.keep.before(e.Priority, len(e.Against) > 0); err != nil {
		errs = append(errs, err)
	}
	if x.normalize, err = scan.NewNormalizer(e.Normalize); err != nil {
		errs = append(errs, err)
	}
	if c.Score != "" {
		errs = append(errs, fmt.Errorf("score = %q: exact dedup has no score\nremove the key", c.Score))
	}
	if c.Invert {
		errs = append(errs, errors.New("invert does not apply to a dedup\nremove the key"))
	}
	return []stages.Stage{x}, errors.Join(errs...)
}

func (x *exact) Name() string { return x.common.Name }

func (x *exact) Columns() stages.Columns {
	c := stages.Columns{Reads: x.keep.needs(x.common.Column)}
	if len(x.columns) == 0 {
		c.Reads = append(c.Reads, stages.Need{Name: x.common.Column, Type: stages.Text})
	}
	for _, name := range x.columns {
		c.Reads = append(c.Reads, stages.Need{Name: name, Type: stages.Scalars})
	}
	if x.common.Action == "mark" {
		c.Adds = []string{x.common.Name}
		c.Kinds = map[string]stages.Kind{x.common.Name: stages.Bool}
	}
	return c
}

// Tables: notes are order and hash; answers are those of judge.
func (x *exact) Tables() stages.Tables {
	return stages.Tables{Notes: x.Name() + ".hashes", Apply: x.Name() + ".keepers"}
}

// hashNote is the length of a note: order, then the high and the low half of the hash.
const hashNote = 24

// Note notes order and hash of each row that is compared.
func (x *exact) Note(_ context.Context, b *stages.Batch, _ []stages.Note, note func(stages.Note)) error {
	orders, err := x.keep.orders(b, x.common.Column)
	if err != nil {
		return err
	}
	var scratch []byte
	var payload [hashNote]byte
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		text, ok, err := x.compared(b, i, &scratch)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		h := xxh3.Hash128(text)
		binary.LittleEndian.PutUint64(payload[:], orders[i])
		binary.LittleEndian.PutUint64(payload[8:], h.Hi)
		binary.LittleEndian.PutUint64(payload[16:], h.Lo)
		note(stages.Note{Sample: b.ID(i), Payload: payload[:]})
	}
	return nil
}

// Rounds is one round by the hash.
func (x *exact) Rounds() []stages.Round {
	return []stages.Round{{Name: x.Name() + ": hashes", Makes: x.Tables().Apply, Run: x.meet}}
}

// meet asks under the high half of the hash; the payload is the low half.
func (x *exact) meet(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	return m.ByKey(ctx, stages.ByKey{Judge: x.judge, Shared: true, Ask: func(ask func(stages.Question) error) error {
		return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			p := notes[0][0].Payload
			return ask(stages.Question{
				Order: binary.LittleEndian.Uint64(p), Key: binary.LittleEndian.Uint64(p[8:]), Sample: id, Payload: p[16:hashNote],
			})
		}, x.Tables().Notes)
	}})
}

// compared returns the bytes of row i that are compared, made in *scratch
// where they are not the text itself. A number that others may have been read as is an error, for rows that
// differ in it would be taken for one.
func (x *exact) compared(b *stages.Batch, i int, scratch *[]byte) (text []byte, ok bool, err error) {
	if len(x.columns) == 0 {
		text = b.Column(x.common.Column).Text[i]
		if text == nil {
			return nil, false, nil
		}
		if x.normalize.Identity() {
			return text, true, nil
		}
		*scratch = x.normalize.Append((*scratch)[:0], text)
		return *scratch, true, nil
	}
	buf, some := (*scratch)[:0], false
	for _, name := range x.columns {
		v := b.Column(name).Values[i]
		if !v.Exact() {
			return nil, false, &stages.RowError{Batch: b, Row: i, Err: fmt.Errorf("column %q is a number too large to tell rows apart by\n"+
				"write it as a string, or leave the column out of columns", name)}
		}
		some = some || v.Kind != stages.Null
		buf = x.appendScalar(buf, v)
	}
	*scratch = buf
	return buf, some, nil
}

// appendScalar appends a value so that different values, and different lists
// of them, give different bytes.
func (x *exact) appendScalar(dst []byte, v stages.Scalar) []byte {
	dst = append(dst, byte(v.Kind))
	switch v.Kind {
	case stages.Int, stages.Bool:
		dst = binary.LittleEndian.AppendUint64(dst, uint64(v.Int))
	case stages.Float:
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float))
	case stages.String:
		at := len(dst)
		dst = x.normalize.Append(append(dst, make([]byte, 8)...), v.Str)
		binary.LittleEndian.PutUint64(dst[at:], uint64(len(dst)-at-8))
	}
	return dst
}

// judge keeps the first question of each hash. The answer to a removed sample
// is the keeper's ID, that to a keeper is empty.
func (x *exact) judge(_ context.Context, _ uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
	type group struct {
		low    uint64
		keeper stages.ID
		told   bool
	}
	var groups []group // more than one only where 64 bits collide
	var payload [8]byte
next:
	for q := range questions {
		low := binary.LittleEndian.Uint64(q.Payload)
		for i := range groups {
			g := &groups[i]
			if g.low != low {
				continue
			}
			if !g.told {
				g.told = true
				if err := answer(stages.Note{Sample: g.keeper}); err != nil {
					return err
				}
			}
			binary.LittleEndian.PutUint64(payload[:], uint64(g.keeper))
			if err := answer(stages.Note{Sample: q.Sample, Payload: payload[:]}); err != nil {
				return err
			}
			continue next
		}
		groups = append(groups, group{low: low, keeper: q.Sample})
	}
	return nil
}

// Apply removes, or marks, what repeats another.
func (x *exact) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	mark := newMark(b, x.common, 1)
	for _, n := range notes {
		i := int(n.Sample.Row() - b.First)
		if len(n.Payload) == 0 {
			b.Keepers = append(b.Keepers, i)
			continue
		}
		keeper := stages.ID(binary.LittleEndian.Uint64(n.Payload))
		mark.remove(b, stages.Removal{Row: i, Stage: x.Name(), Keeper: keeper, Group: keeper, Similarity: float32(math.NaN())})
	}
	return nil
}
