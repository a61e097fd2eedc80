package pipeline

import (
	"errors"
	"slices"

	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// openState opens what earlier passes know of the block: the rows that are
// left, and the notes about them.
func (b *blockRun) openState(blk *stages.Block) error {
	r := b.m.r
	if prior := r.prior(b.rec.pass, blk.Index); prior >= 0 {
		ref := r.records[prior][blk.Index].alive
		if ref != (manifest.Ref{}) {
			var err error
			if b.before, err = manifest.ReadRef(r.segments(), ref); err != nil {
				return stateError(err)
			}
		}
	}
	b.known = map[string]*round.Reader{}
	for _, name := range b.m.tables() {
		in, err := r.tables[name].Open(r.segments(), blk.Index)
		if err != nil {
			return stateError(err)
		}
		b.known[name] = in
	}
	return nil
}

// tables lists the tables that the pass is given.
func (m *mapPass) tables() (names []string) {
	for _, step := range m.pass.Steps {
		if step.Table != "" {
			names = append(names, step.Table)
		}
	}
	if m.pass.Ends != nil && m.pass.Ends.Tables().Given != "" {
		names = append(names, m.pass.Ends.Tables().Given)
	}
	return names
}

func (b *blockRun) closeState() {
	for _, in := range b.known {
		in.Close()
	}
}

// takeKnown reads the notes about rows first to first+n-1 of the block, by table.
func (b *blockRun) takeKnown(first, n int64) (map[string][]stages.Note, error) {
	if len(b.known) == 0 {
		return nil, nil
	}
	all := make(map[string][]stages.Note, len(b.known))
	for name, in := range b.known {
		list, err := in.Until(stages.MakeID(b.rec.block, first+n))
		if err != nil {
			return nil, stateError(err)
		}
		all[name] = copyNotes(list)
	}
	return all, nil
}

// copyNotes copies notes, to be used while further ones are read.
func copyNotes(list []stages.Note) []stages.Note {
	var bytes int
	for _, n := range list {
		bytes += len(n.Payload)
	}
	own, arena := slices.Clone(list), make([]byte, 0, bytes)
	for i, n := range own {
		arena = append(arena, n.Payload...)
		own[i].Payload = arena[len(arena)-len(n.Payload):]
	}
	return own
}

// stateError adds the remedy to a damaged checkpoint.
func stateError(err error) error {
	return errors.Join(err, errors.New("a checkpoint of this job is damaged or gone; start over with --fresh"))
}
