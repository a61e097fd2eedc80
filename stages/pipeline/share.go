package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// newMapPass prepares pass p on this rank.
func (r *run) newMapPass(p int, clock *clock) (*mapPass, error) {
	c := &mapPass{r: r, p: p, pass: r.passes[p], clock: clock, pool: make(pool, max(1, r.job.Threads)), commitBytes: r.commitBytes()}
	c.needs = c.pass.Needs()
	c.counting, c.trims = counted(c.pass)
	c.wanted = r.wanted(c.needs)
	c.list = c.pass.Last() && len(r.passes) > 1
	c.notes = c.list || c.pass.Ends != nil
	if c.pass.Last() {
		c.sinks = r.sinks
		c.labeler, _ = r.mover.(stages.Labeler)
	}
	c.sources = map[sourceKey]stages.Source{}
	for i := range r.shards {
		if c.sources[keyOf(&r.shards[i])] != nil {
			continue // as those before it
		}
		needs := c.needs
		if p == 0 {
			needs = r.lookedAt(&r.shards[i], needs)
		}
		if _, err := r.sourceFor(c.sources, &r.shards[i], p, needs); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// lookedAt adds to the needs of the first pass what later passes read of a shard. A row in which that cannot be
// read is damaged from the start: counted and listed like others, and no row of the job.
func (r *run) lookedAt(shard *stages.Shard, needs []stages.Need) []stages.Need {
	needs = slices.Clone(needs)
	for _, pass := range r.passes[1:] {
		if pass.Last() && shard.Against != "" {
			continue // it reads no such shard
		}
		for _, n := range pass.Needs() {
			if !slices.ContainsFunc(needs, func(o stages.Need) bool { return o.Name == n.Name && o.Type == n.Type }) {
				n.Optional = true // that it is there matters to its own pass
				needs = append(needs, n)
			}
		}
	}
	return needs
}

// counted returns how many steps of a pass count rows, and what those of them count that take parts out of texts.
func counted(pass stages.Pass) (steps int, trims []stages.Trimmed) {
	for _, step := range pass.Steps {
		if step.Count {
			steps++
			trims = append(trims, stages.Trims(step.Stage)...)
		}
	}
	return steps, trims
}

// wanted returns the columns that a pass with these needs counts: those, and the text of each input.
func (r *run) wanted(needs []stages.Need) []string {
	names := []string{}
	for _, n := range needs {
		names = append(names, n.Name)
	}
	for i := range r.shards {
		if text := r.job.Input(&r.shards[i]).Read.Text; !slices.Contains(names, text) {
			names = append(names, text)
		}
	}
	return names
}

// notePresent counts, for each wanted column, the batches that have it. The
// last count is of the batches with rows.
func (c *mapPass) notePresent(b *stages.Batch, rec *blockRecord) {
	missing, rows := format.Missing(b)
	if rows == 0 {
		return
	}
	if len(rec.present) == len(c.wanted) {
		rec.present = append(rec.present, 0)
	}
	rec.present[len(c.wanted)]++
	for i, name := range c.wanted {
		if !slices.Contains(missing, name) {
			rec.present[i]++
		}
	}
}

// share makes known to all ranks what each has done in a pass. It is collective.
func (r *run) share(ctx context.Context, p int, c *mapPass) error {
	all, err := round.GatherAll(ctx, r.comm, c.fresh)
	if err != nil {
		return err
	}
	if err := r.addRecords(all); err != nil {
		return err
	}
	var own []byte
	for _, s := range r.placedHere {
		own = binary.AppendUvarint(own, uint64(s))
	}
	if all, err = round.GatherAll(ctx, r.comm, own); err != nil {
		return err
	}
	d := decoder{p: all}
	for len(d.p) > 0 {
		r.placedShards[int(d.uint())] = true
	}
	for b, rec := range r.records[p] {
		if rec == nil && r.reads(p, b) {
			return fmt.Errorf("pass %d ended without block %d: this is a bug", p+1, b)
		}
	}
	return nil
}

// columns ends the job if a shard lacks a column that the pass wants in all of
// its rows. All ranks see the same records.
func (r *run) columns(ctx context.Context, c *mapPass) error {
	for s := range r.shards {
		present := make([]int64, len(c.wanted)+1)
		for _, rec := range r.records[c.p][r.firstBlock[s]:r.firstBlock[s+1]] {
			if rec == nil {
				continue // not read
			}
			for i, n := range rec.present {
				present[i] += n
			}
		}
		for i, name := range c.wanted {
			if present[len(c.wanted)] > 0 && present[i] == 0 {
				return r.missing(ctx, &r.shards[s], name)
			}
		}
	}
	return nil
}

// bounds ends the job if more is damaged than the job file allows. Runs of rows that are lost count
// as the shard that they are of, which may be one run. All ranks
// see the same records.
func (r *run) bounds() error {
	var rows, damaged, shards, cut int64
	for s := range r.shards {
		shards++
		truncated := false
		for _, rec := range r.records[0][r.firstBlock[s]:r.firstBlock[s+1]] {
			rows += rec.samples
			damaged += rec.damaged - rec.lost
			truncated = truncated || rec.truncated || rec.lost > 0
		}
		if truncated {
			cut++
		}
	}
	first := func() string {
		rep := &Report{}
		if err := r.listDamage(rep); err != nil || len(rep.Damaged) == 0 {
			return ""
		}
		d := rep.Damaged[0]
		if d.Row < 0 {
			return fmt.Sprintf("first: %s: %s\n", d.Shard, d.Error)
		}
		return fmt.Sprintf("first: %s, row %d: %s\n", d.Shard, d.Row, d.Error)
	}
	if float64(damaged) > r.job.MaxBad*float64(rows) {
		return fmt.Errorf("%d of %d rows are damaged, more than max_bad = %v\n%sreport.json lists them; mend them, or raise max_bad and start over with --fresh",
			damaged, rows, r.job.MaxBad, first())
	}
	if float64(cut) > r.job.MaxBadShards*float64(shards) {
		return fmt.Errorf("%d of %d shards cannot be read as a whole, more than max_bad_shards = %v\n%smend them, or raise max_bad_shards and start over with --fresh",
			cut, shards, r.job.MaxBadShards, first())
	}
	return nil
}

// listDamage fills in the damaged rows of the report, in order, as far as it
// lists them. A shard that cannot be read to its end is one entry, in however
// many of its blocks that shows.
func (r *run) listDamage(rep *Report) error {
	var rows, listed int64
	cut := -1 // shard whose entry is there
	for b, rec := range r.records[0] {
		if rec == nil || rec.damage == (manifest.Ref{}) {
			continue
		}
		rows += rec.damaged
		if len(rep.Damaged) >= maxListed {
			continue
		}
		p, err := manifest.ReadRef(r.segments(), rec.damage)
		if err != nil {
			return stateError(err)
		}
		for len(p) > 0 && len(rep.Damaged) < maxListed {
			row, n := binary.Varint(p)
			run := decoder{p: p[max(n, 0):]}
			many := int64(run.uint())
			offset, k := binary.Varint(run.p)
			d := decoder{p: run.p[max(k, 0):], short: run.short}
			text := d.bytes()
			if n <= 0 || k <= 0 || d.short {
				return errShort
			}
			p = d.p
			shard := r.blocks[b].Shard
			if row < 0 && shard == cut {
				continue
			}
			if row < 0 {
				cut = shard
			} else {
				listed += max(many, 1)
				if r.bases != nil {
					row += r.bases[b]
				}
			}
			rep.Damaged = append(rep.Damaged, DamageEntry{r.shards[shard].Name, row, many, offset, string(text)})
		}
	}
	rep.DamagedLeftOut = rows - listed
	return nil
}

// verify checks on a restart what earlier starts left of a pass, before it is
// believed. Blocks whose data are damaged or gone are done again, and so are all
// blocks of an output shard that is gone. Each rank sees to the blocks whose
// home it is. It is collective.
func (r *run) verify(ctx context.Context, p int, c *mapPass) error {
	var bad []byte // blocks, and shards counted on from there
	for b := r.homes[r.comm.Rank()]; b < r.homes[r.comm.Rank()+1] && !r.stopping(); b++ {
		if rec := r.records[p][b]; rec != nil && r.verifyBlock(rec) != nil {
			bad = binary.AppendUvarint(bad, uint64(b))
		}
		if s := r.blocks[b].Shard; c.pass.Last() && r.mover == nil && b == r.firstBlock[s] && r.placedShards[s] {
			for _, path := range r.outputPaths(s) {
				if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
					bad = binary.AppendUvarint(bad, uint64(len(r.blocks)+s))
					break
				}
			}
		}
	}
	all, err := round.GatherAll(ctx, r.comm, bad)
	if err != nil {
		return err
	}
	d := decoder{p: all}
	n := 0
	for ; len(d.p) > 0; n++ {
		b := int(d.uint())
		if b < len(r.blocks) {
			// An output shard that stands in its place stays: the block is
			// read again for what it asked.
			r.records[p][b] = nil
			continue
		}
		shard := b - len(r.blocks)
		delete(r.placedShards, shard)
		clear(r.records[p][r.firstBlock[shard]:r.firstBlock[shard+1]])
	}
	if n > 0 {
		r.notice("%d blocks or outputs of pass %d are damaged or gone in %s, and are made again", n, p+1, r.job.Output)
	}
	return nil
}

func (r *run) verifyBlock(rec *blockRecord) error {
	for _, ref := range []manifest.Ref{rec.alive, rec.damage, rec.notes, rec.tallies, rec.tags, rec.removed} {
		if ref == (manifest.Ref{}) {
			continue
		}
		s, err := manifest.OpenSection(r.segments(), ref)
		if err != nil {
			return err
		}
		if err := errors.Join(s.Check(), s.Close()); err != nil {
			return err
		}
	}
	shard := r.blocks[rec.block].Shard
	if rec.piece == (manifest.Ref{}) || r.mover == nil && r.placedShards[shard] {
		return nil
	}
	return checkPiece(r.dir, rec.piece)
}
