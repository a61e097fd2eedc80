package bench

import (
	"context"
	"slices"
)

// runShapes measures fuzzy dedup where it is hard: corpora of all the shapes
// that have nothing to do with real text, each of at most 66 MB: 30,000 pages of
// one template.
func runShapes(ctx context.Context, b *bench) error {
	b.Size = min(b.Size, 66_000_000)
	for _, s := range []string{"family", "families", "copies", "versions"} {
		m, err := b.dataset(ctx, CorpusOptions{Shape: s})
		if err != nil {
			return err
		}
		c, rep, err := b.fuzzy(ctx, "in/part-*", "out", "star", "exact", oneCore()...)
		if err != nil {
			return err
		}
		b.figure(s+": documents", float64(m.documents), "", "")
		if len(m.backgrounds) > 0 {
			b.figure(s+": J of two pages of a template, most", slices.Max(m.backgrounds), "", "")
		}
		b.fuzzyCost(s+": ", c, rep, m.text)
		if err := b.scoreOut("out", s+": "); err != nil {
			return err
		}
	}
	return nil
}
