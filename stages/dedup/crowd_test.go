package dedup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// Many samples that are only compared with, all in the buckets of the others, do not
// keep these from their partners: not from those among the many, and not from
// those among themselves.
func TestAgainstCrowds(t *testing.T) {
	for _, many := range []int{1, 5, 40, 200, 400} {
		for _, verify := range []string{"exact", "sketch"} {
			r := maker{rand.New(rand.NewPCG(7, uint64(many)))}
			template := r.words(150)
			page := func() string { return strings.Join(append(slices.Clone(template), r.words(45)...), " ") }
			var old, docs []doc
			for range many {
				old = append(old, doc{text: page()})
			}
			// One like each of some old ones, two that are like each other alone, one by itself.
			var want []string
			for i := 0; i < many; i += 1 + many/20 {
				docs = append(docs, doc{text: old[i].text + " more"})
				want = append(want, fmt.Sprint("old ", i))
			}
			for _, text := range []string{page(), page()} {
				docs = append(docs, doc{text: text}, doc{text: text + " more"})
				want = append(want, "", fmt.Sprint("new ", len(docs)-2))
			}
			docs = append(docs, doc{text: page()})
			want = append(want, "")
			o := DefaultFuzzy()
			o.Verify, o.Bands, o.Rows, o.Against = verify, 4, 1, []string{"old"} // large buckets
			parts, err := NewFuzzy(stages.Common{Name: "fuzzy", Column: "text"}, o)
			if err != nil {
				t.Fatal(err)
			}
			m := &meeting{tables: map[string][]stages.Note{}, samples: int64(len(old) + len(docs)), room: 10 * perEdge}
			now, before := batchIn(docs, 0, ""), batchIn(old, 1, "fuzzy")
			for _, part := range parts {
				m.pass(t, part.(stages.Shuffler), now, before)
			}
			last := parts[len(parts)-1].(stages.Shuffler)
			if err := last.Apply(t.Context(), now, notesOf(m.tables[last.Tables().Apply], 0)); err != nil {
				t.Fatal(err)
			}
			got := make([]string, len(docs))
			for _, r := range now.Removed {
				got[r.Row] = []string{"new ", "old "}[r.Keeper.Block()] + fmt.Sprint(r.Keeper.Row())
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%d, %s: the keeper of text %d is %q, want %q", many, verify, i, got[i], want[i])
				}
			}
		}
	}
}

// batchIn returns docs as the rows of a block of a shard.
func batchIn(docs []doc, block int, against string) *stages.Batch {
	b := batchOf(docs)
	b.Shard, b.Block, b.First = &stages.Shard{Index: block, Against: against}, &stages.Block{Index: block, Shard: block}, 0
	return b
}

// notesOf returns the notes about samples of a block.
func notesOf(notes []stages.Note, block int) []stages.Note {
	return slices.DeleteFunc(slices.Clone(notes), func(n stages.Note) bool { return n.Sample.Block() != block })
}
