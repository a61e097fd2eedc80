package pipeline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sluice/stages/manifest"
)

// Kinds of journal records.
const (
	kindBegin = 1 // a block is being read: pass, block
	kindBlock = 2 // a pass is done with a block: blockRecord
	kindShard = 3 // an output shard stands in OUT/data: shard
)

// A finished block waits for the next commit of its rank: only what is on the
// disk may stand in the journal.
type finished struct {
	record  *blockRecord
	segment *manifest.Segment
	part    *part
	// Of removed rows; nil = none were.
	removals *manifest.Segment
	shard    int  // the part is the whole output of this shard; -1 otherwise
	ended    bool // nothing more is written into the part
}

// commitEvery is how long a finished block may wait for the next commit.
const commitEvery = 5 * time.Second

// commitFiles is how many finished outputs of shards a rank may have that wait for the next commit. Each is an open
// file; with twice as many, what finishes a block waits for the disk, too.
const commitFiles = 32

// commitBytes is how much a rank reads from one commit to the next: a
// sixteenth of its share of the input, so that little is lost with it, but
// enough to be worth the wait for the disk.
func (r *run) commitBytes() int64 {
	var total int64
	for _, b := range r.blocks {
		total += b.Bytes
	}
	return min(max(total/int64(16*r.comm.Size()), 4<<20), 256<<20)
}

// begin notes that this start reads a block.
func (r *run) begin(p, block int) error {
	for _, w := range r.watch {
		w.Block(p+1, block)
	}
	var buf [2 * binary.MaxVarintLen64]byte
	b := binary.AppendUvarint(buf[:0], uint64(p))
	return r.journal.Append(kindBegin, binary.AppendUvarint(b, uint64(block)))
}

// finish notes a finished block.
func (c *mapPass) finish(f finished) error {
	c.mu.Lock()
	c.pending = append(c.pending, f)
	c.bytes += f.record.bytesIn
	if f.part != nil && f.ended {
		c.ended++
	}
	if c.since.IsZero() {
		c.since = time.Now()
	}
	due := c.bytes >= c.commitBytes || c.ended >= commitFiles || time.Since(c.since) >= commitEvery
	many := c.ended >= 2*commitFiles
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.commit(many)
}

// commit makes the finished blocks durable: their files first, then the
// journal. With wait it waits for a commit that is under way; otherwise that one is enough.
func (c *mapPass) commit(wait bool) error {
	if wait {
		c.commits.Lock()
	} else if !c.commits.TryLock() {
		return nil
	}
	defer c.commits.Unlock()
	c.mu.Lock()
	list := c.pending
	c.pending, c.bytes, c.ended, c.since = nil, 0, 0, time.Time{}
	c.mu.Unlock()
	if err := c.sync(list); err != nil {
		return err
	}
	var buf []byte
	for _, f := range list {
		if f.shard >= 0 {
			if err := c.r.placeShard(f.shard, f.part); err != nil {
				return err
			}
		}
		buf = f.record.append(buf[:0])
		if err := c.r.journal.Append(kindBlock, buf); err != nil {
			return err
		}
		c.fresh = append(c.fresh, buf...)
		if f.shard >= 0 {
			// At once: killed in between, the next start would miss the part.
			if err := c.r.shardDone(f.shard); err != nil {
				return err
			}
		}
		if f.part != nil && f.ended {
			if err := c.closed(f.part.file); err != nil {
				return diskError(err)
			}
		}
	}
	if err := c.r.placed.Flush(); err != nil {
		return err
	}
	return c.r.journal.Sync()
}

// opened notes a file that the pass writes.
func (c *mapPass) opened(f io.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = map[io.Closer]bool{}
	}
	c.files[f] = true
}

// closed closes a file that is written.
func (c *mapPass) closed(f io.Closer) error {
	c.mu.Lock()
	delete(c.files, f)
	c.mu.Unlock()
	return f.Close()
}

// closeFiles closes what is still open once all blocks are committed or given up.
func (c *mapPass) closeFiles() error {
	var errs []error
	for f := range c.files {
		errs = append(errs, f.Close())
	}
	c.files = nil
	return errors.Join(errs...)
}

// sync makes durable what finished blocks wrote, each file once.
func (c *mapPass) sync(list []finished) error {
	segments := map[*manifest.Segment]bool{}
	parts := map[*part]bool{}
	for _, f := range list {
		for _, s := range []*manifest.Segment{f.segment, f.removals} {
			if s == nil || segments[s] {
				continue
			}
			segments[s] = true
			if err := s.SyncFlushed(); err != nil {
				return err
			}
		}
		if f.part != nil && !parts[f.part] {
			parts[f.part] = true
			if err := f.part.file.Sync(); err != nil {
				return diskError(err)
			}
		}
	}
	return nil
}

// placeShard moves a part to its place in OUT/data.
func (r *run) placeShard(shard int, p *part) error {
	return r.place(filepath.Join(r.dir, "parts", p.name), shard)
}

// place renames a finished file to the output of a shard. The folder is
// synced by the next Flush of r.placed.
func (r *run) place(from string, shard int) error {
	to := r.outputPath(shard)
	if err := r.makeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return diskError(err)
	}
	return r.placed.Appeared(to)
}

// makeFolder makes a folder below OUT. That it is there is durable, like what is
// put into it, with the next Flush of r.placed.
func (r *run) makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return diskError(err)
	}
	for ; len(dir) > len(r.job.Output); dir = filepath.Dir(dir) {
		if err := r.placed.Appeared(dir); err != nil {
			return err
		}
	}
	return nil
}

// shardDone journals that the output of a shard stands in its place.
func (r *run) shardDone(shard int) error {
	r.shardsMu.Lock()
	r.placedShards[shard] = true
	r.placedHere = append(r.placedHere, shard)
	r.shardsMu.Unlock()
	return r.journal.Append(kindShard, binary.AppendUvarint(nil, uint64(shard)))
}

// readJournals applies what earlier starts have journaled.
func (r *run) readJournals() (damaged []*manifest.DamagedError, err error) {
	return manifest.ReadJournals(r.dir, func(rec manifest.Record) error {
		d := decoder{p: rec.Payload}
		switch rec.Kind {
		case kindBegin:
			p, b := int(d.uint()), int(d.uint())
			if d.short || p >= len(r.passes) || b >= len(r.blocks) {
				return errShort
			}
			r.begun[p][b] = true
		case kindBlock:
			return r.addRecords(rec.Payload)
		case kindShard:
			s := int(d.uint())
			if d.short || r.mover == nil && s >= len(r.shards) {
				return errShort
			}
			r.placedShards[s] = true
		default:
			return fmt.Errorf("journal record of unknown kind %d: %w", rec.Kind, errShort)
		}
		return nil
	})
}

// addRecords adds block records that are encoded end to end.
func (r *run) addRecords(p []byte) error {
	if r.shapes == nil {
		r.shapes = r.shapesOf()
	}
	for len(p) > 0 {
		rec, rest, err := decodeBlockRecord(p)
		if err != nil {
			return err
		}
		if rec.pass >= len(r.passes) || rec.block >= len(r.blocks) || !r.shapes[rec.pass].has(rec) {
			return errShort
		}
		r.records[rec.pass][rec.block] = rec
		p = rest
	}
	return nil
}
