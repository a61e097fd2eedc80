package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// runRanks measures what it costs to share the work: CPU seconds of two ranks
// against one, and how evenly four ranks read an uneven input.
func runRanks(ctx context.Context, b *bench) error {
	base, err := b.base()
	if err != nil {
		return err
	}
	if err := b.corpus("in", base, min(b.Size, 1_000_000_000), true); err != nil {
		return err
	}
	size, err := b.folderSize("in")
	if err != nil {
		return err
	}
	var cpu [3]float64
	const tries = 3
	for try := range tries {
		for ranks := 1; ranks <= 2; ranks++ {
			c, _, err := b.exact(ctx, "in", "out", "--ranks", strconv.Itoa(ranks), "--set", "threads=1")
			if err != nil {
				return err
			}
			if try == 0 || c.cpu < cpu[ranks] {
				cpu[ranks] = c.cpu
			}
		}
	}
	b.figure("one rank: CPU time", cpu[1]*1e9/float64(size), "ns/byte", "")
	b.figure("two ranks: CPU time", cpu[2]*1e9/float64(size), "ns/byte", "")
	b.figure("two ranks against one", cpu[2]/cpu[1], "", "at most 1.1")
	if err := b.fresh("in"); err != nil {
		return err
	}
	if err := b.uneven(base, size); err != nil {
		return err
	}
	_, rep, err := b.exact(ctx, "uneven", "out", "--ranks", "4", "--set", "threads=1")
	if err != nil {
		return err
	}
	for p, pass := range rep.Passes {
		var total, least, most int64
		for i, r := range pass.Ranks {
			total += r.BytesIn
			if i == 0 || r.BytesIn < least {
				least = r.BytesIn
			}
			most = max(most, r.BytesIn)
		}
		b.figure(fmt.Sprintf("four ranks, pass %d: least read by one", p+1), float64(least)/float64(total), "of bytes", "at least 0.15")
		b.figure(fmt.Sprintf("four ranks, pass %d: most read by one", p+1), float64(most)/float64(total), "of bytes", "at most 0.35")
	}
	return nil
}

// uneven writes shards of very different sizes, size bytes together: each has
// half of what is left. Few bytes would show who was started first, not who
// reads how much.
func (b *bench) uneven(base []byte, size int64) error {
	dir := filepath.Join(b.Dir, "uneven")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i := range 12 {
		size /= 2
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("part-%02d.jsonl", i)))
		if err != nil {
			return err
		}
		left := size
		for ; left >= int64(len(base)); left -= int64(len(base)) {
			if _, err = f.Write(base); err != nil {
				break
			}
		}
		n := int(left)
		for n > 0 && base[n-1] != '\n' {
			n++
		}
		if err == nil {
			_, err = f.Write(base[:n])
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
