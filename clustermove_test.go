package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const shuffled = exactDedup + `
[[stage]]
use = "corpus.shuffle"
seed = 4
[write]
shard_size = "1MB"
`

const segments = `
use = "text.split"
separator = " "
[[stage]]
use = "text.substring"
substring = "a"
[[stage]]
use = "text.join"
separator = " "
[[stage]]
` + exactDedup

const megatron = exactDedup + `
[write]
format = "megatron"
tokenizer = %q
append_eod = true
eod_token = "</s>"
`

const fewWords = `{"pre_tokenizer": {"type": "Whitespace"}, "model": {"type": "WordLevel", "unk_token": "[UNK]",
"vocab": {"[UNK]": 0, "</s>": 1, "a": 2, "corpus": 3, "of": 4, "many": 5, "words": 6, "that": 7, "chance": 8, "rows": 9}}}`

// Where rows go, what is joined of their segments, and the tokens of shards that ranks share out, do not depend on the ranks;
// nor on one that dies while rows move.
func TestClusterMoves(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many ranks")
	}
	c := newCluster(t)
	input := c.corpus("in", 13, 240)
	tokenizer := c.path("tokenizer.json")
	if err := os.WriteFile(tokenizer, []byte(fewWords), 0o666); err != nil {
		t.Fatal(err)
	}
	with := func(t *testing.T, rest string) *cluster {
		return &cluster{t, c.folder, c.program, c.mpi, c.slurm, rest}
	}
	t.Run("shuffle", func(t *testing.T) { with(t, shuffled).sameUnderAll(input, 3) })
	t.Run("segments", func(t *testing.T) { with(t, segments).sameUnderAll(input, 3) })
	t.Run("megatron", func(t *testing.T) { with(t, fmt.Sprintf(megatron, tokenizer)).sameUnderAll(input, 3) })
	t.Run("killed", func(t *testing.T) {
		c := with(t, shuffled)
		lines := c.severalRanks()
		if len(lines) == 0 {
			t.Skip("needs MPI")
		}
		c.killed(c.corpus("large", 60, 300), lines[:1], func(out string) {
			c.until("a shard is in its place", func() bool {
				shards, _ := filepath.Glob(filepath.Join(c.path(out), "data", "*"))
				return len(shards) > 0
			})
		})
	})
}
