package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

const megatronJob = `
input = ["in"]
output = "out"
[write]
format = "megatron"
tokenizer = "tokenizer.json"
append_eod = true
eod_token = "</s>"
[[stage]]
use = "text.word_count"
min_words = 0
[[stage]]
use = "dedup.exact"
`

// megatron writes inputs and a tokenizer of size words, and returns the shards that are to come
// of them. One shard is of several blocks.
func (f folder) megatron(size int) map[string]string {
	f.tb.Helper()
	vocab := map[string]int{"[UNK]": 0, "</s>": 1}
	for len(vocab) < size {
		vocab[fmt.Sprintf("w%d", len(vocab))] = len(vocab)
	}
	model, err := json.Marshal(map[string]any{"pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
		"post_processor": map[string]any{"type": "BertProcessing", "cls": []any{"[CLS]", 1}, "sep": []any{"</s>", 1}},
		"model":          map[string]any{"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab}})
	if err != nil {
		f.tb.Fatal(err)
	}
	f.write("tokenizer.json", string(model))
	r := rand.New(rand.NewPCG(5, 5))
	want := map[string]string{}
	for name, rows := range map[string]int{"0/a.jsonl": 5000, "b.jsonl": 40, "none.jsonl": 0} {
		var in strings.Builder
		var documents [][]int
		for i := range rows {
			text := fmt.Sprintf("w%d ", size-1-i%3) // the largest id is there
			if i == 7 {
				text = ""
			}
			for range r.IntN(90) {
				text += fmt.Sprintf("w%d \n", r.IntN(size+size/8))
			}
			fmt.Fprintf(&in, `{"id": %d, "text": %s}`+"\n", i, strings.ReplaceAll(fmt.Sprintf("%q", text), `\x`, `\u00`))
			ids := []int{}
			for word := range strings.FieldsSeq(text) {
				ids = append(ids, vocab[word])
			}
			documents = append(documents, append(ids, 1))
		}
		f.write("in/"+name, in.String())
		base := "data/" + strings.TrimSuffix(name, ".jsonl")
		want[base+".bin"], want[base+".idx"] = indexed(documents, size)
	}
	return want
}

// indexed is the layout of NeMo Curator's MegatronTokenizerWriter, word for word.
func indexed(documents [][]int, size int) (bin, idx string) {
	width, code := 2, uint8(8)
	if size > 65536 {
		width, code = 4, 4
	}
	var data, index bytes.Buffer
	put := func(w *bytes.Buffer, v any) { binary.Write(w, binary.LittleEndian, v) }
	index.WriteString("MMIDIDX\x00\x00")
	put(&index, uint64(1))
	put(&index, code)
	put(&index, uint64(len(documents)))
	put(&index, uint64(len(documents)+1))
	for _, d := range documents {
		put(&index, int32(len(d)))
		for _, id := range d {
			if width == 2 {
				data.Write(binary.LittleEndian.AppendUint16(nil, uint16(id)))
			} else {
				data.Write(binary.LittleEndian.AppendUint32(nil, uint32(id)))
			}
		}
	}
	at := 0
	for _, d := range documents {
		put(&index, int64(at))
		at += len(d) * width
	}
	for i := range len(documents) + 1 {
		put(&index, int64(i))
	}
	return data.String(), index.String()
}

// blocks is a watch that counts the blocks that are begun.
type blocks struct {
	*follower
	begun atomic.Int64
}

func (w *blocks) Block(int, int) { w.begun.Add(1) }

func TestMegatron(t *testing.T) {
	sizes := []int{300, 65537}
	if underRace {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		f := newFolder(t)
		want := f.megatron(size)
		// Without the dedup, which is not in the oracle.
		plain, _, _ := strings.Cut(megatronJob, "[[stage]]\nuse = \"dedup")
		for _, n := range []int{1, 3} {
			out := fmt.Sprint("out", n)
			watch := &blocks{follower: once(0, 1<<62, nil)}
			o, err := f.run(plain, out, n, pipeline.Options{Watch: watch})
			if err != nil {
				t.Fatal(err)
			}
			if o.Report.RowsOut != 5040 || watch.begun.Load() < 4 {
				t.Errorf("%d rows from %d blocks", o.Report.RowsOut, watch.begun.Load())
			}
			same(t, want, f.tree(out, "data"))
		}
	}
}

// A job that is stopped on its way, and loses a file of a shard, gives the same bytes.
func TestMegatronResumes(t *testing.T) {
	f := newFolder(t)
	f.megatron(300)
	if _, err := f.run(megatronJob, "calm", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	stopped, step := 0, int64(7)
	if underRace {
		step *= 2
	}
	for at := int64(3); ; at += step {
		out := fmt.Sprint("stopped", at)
		stop := make(chan struct{})
		_, err := f.run(megatronJob, out, 2, pipeline.Options{Stop: stop, Watch: newTrap(at, func() { close(stop) })})
		if err == nil {
			break
		}
		if !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		stopped++
		if placed, _ := filepath.Glob(f.path(out + "/data/*.idx")); len(placed) > 0 {
			if err := os.Remove(placed[0]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.run(megatronJob, out, 3, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
	}
	if stopped < 2 {
		t.Errorf("was stopped %d times", stopped)
	}
}
