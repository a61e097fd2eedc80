package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/round"
)

// Before its first row an output shard must know what the pieces look like that its rows come
// from: the columns of Parquet. Where rows of several input shards may stand in one, these are all pieces; else
// those of the input shard that the output is like.

// group returns the number of the group of outputs to which rows of an input shard go.
func (m *move) group(shard int) int {
	if m.mixed {
		return 0
	}
	return shard
}

// A groupHead is what pieces of some consecutive shards have in common.
type groupHead struct {
	group, first int // shards
	head         []byte
}

// gatherHeads makes known to all ranks what the pieces look like. It is collective.
func (m *move) gatherHeads(ctx context.Context) error {
	r := m.r
	if !slices.ContainsFunc(m.outputs, func(o stages.Output) bool { return r.writtenAs(&r.shards[o.Like]) == "parquet" }) {
		return nil // lines need no head
	}
	var own []groupHead
	err := m.pieces(func(_ int, s *stages.Shard, piece *io.SectionReader) error {
		head, err := m.carriers[keyOf(s)].Head(s, piece)
		if err != nil || head == nil {
			return err
		}
		own, err = m.addHead(own, groupHead{m.group(s.Index), s.Index, head})
		return err
	})
	if err := mpi.Agree(ctx, r.comm, err); err != nil {
		return r.agreeKind(ctx, err)
	}
	var p []byte
	for _, h := range own {
		for _, v := range []int{h.group, h.first} {
			p = binary.AppendUvarint(p, uint64(v))
		}
		p = appendBytes(p, h.head)
	}
	all, err := round.GatherAll(ctx, r.comm, p)
	if err != nil {
		return err
	}
	var heads []groupHead
	for d := (decoder{p: all}); len(d.p) > 0 && err == nil; {
		heads, err = m.addHead(heads, groupHead{int(d.uint()), int(d.uint()), d.bytes()})
	}
	for _, h := range heads {
		m.heads[h.group] = h.head
	}
	return err // the same on all ranks
}

// addHead adds a head to a list in the order of groups.
func (m *move) addHead(list []groupHead, h groupHead) ([]groupHead, error) {
	if len(list) == 0 || list[len(list)-1].group != h.group {
		return append(list, h), nil
	}
	r, last := m.r, &list[len(list)-1]
	head, err := m.carriers[keyOf(&r.shards[h.first])].Unite([][]byte{last.head, h.head})
	if different, ok := errors.AsType[*format.UniteError](err); ok {
		return list, &JobError{fmt.Errorf("rows of %s and %s would stand in one shard, and they have columns that do not fit each other: %w\n"+
			"leave the column out by write.drop, or set write.format = \"jsonl\"",
			r.shards[last.first].Path, r.shards[h.first].Path, different)}
	}
	last.head = head
	return list, err
}
