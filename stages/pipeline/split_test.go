package pipeline_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

const splitJob = `
input = ["in"]
output = "out"
[write]
drop = ["lang"]
[[stage]]
use = "dedup.exact"
[[stage]]
use = "corpus.split"
by = "lang"
`

// languages writes shards of rows with a language, or none.
func (f folder) languages(shards, rows int) {
	r := rand.New(rand.NewPCG(9, 9))
	for s := range shards {
		var b strings.Builder
		for i := range r.IntN(rows) {
			lang := []string{`"lang": "en", `, `"lang": "en", `, `"lang": "zh-TW", `, `"lang": null, `, `"lang": 3, `, `"lang": "a/b", `, ``}[r.IntN(7)]
			fmt.Fprintf(&b, `{"n": %d, %s"text": "doc %d of all \u00e9"}`+"\n", i, lang, r.IntN(shards*rows))
		}
		f.write(fmt.Sprintf("in/%d/part-%d.jsonl", s%2, s), b.String())
	}
}

func TestSplit(t *testing.T) {
	f := newFolder(t)
	f.languages(10, 200)
	want := f.split()
	rows := map[string]int64{}
	for name, p := range want {
		rows[strings.Split(name, "/")[1]] += int64(strings.Count(p, "\n"))
	}
	for _, n := range []int{1, 2, 4} {
		out := fmt.Sprint("out", n)
		got, err := f.run(splitJob, out, n, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data"))
		s := got.Report.Stages[1]
		if len(s.Folders) != len(rows) || s.Folders[0].Folder != "en" {
			t.Errorf("folders %v, want %v", s.Folders, rows)
		}
		for _, d := range s.Folders {
			if rows[d.Folder] != d.Rows {
				t.Errorf("folder %s has %d rows, want %d", d.Folder, d.Rows, rows[d.Folder])
			}
		}
	}
	for _, at := range []int64{30, 57} {
		out := fmt.Sprint("killed", at)
		f.killed(splitJob, out, at, 13, 4)
		same(t, want, f.tree(out, "data"))
	}
}

// split is what splitJob makes of the input, in plain code.
func (f folder) split() map[string]string {
	f.tb.Helper()
	want, seen := map[string]string{}, map[string]bool{}
	in := f.tree(".", "in")
	var names []string
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for text := range strings.Lines(in[name]) {
			n, rest, _ := strings.Cut(text, ", ")
			value, doc, ok := strings.Cut(rest, `, "text"`)
			switch value = strings.Trim(strings.TrimPrefix(value, `"lang": `), `"`); {
			case !ok:
				value, doc = "__null__", strings.TrimPrefix(rest, `"text"`)
			case value == "null":
				value = "__null__"
			}
			if seen[doc] {
				continue
			}
			seen[doc] = true
			value = strings.ReplaceAll(value, "/", "%2F")
			want["data/"+value+"/"+strings.TrimPrefix(name, "in/")] += n + `, "text"` + doc
		}
	}
	return want
}

// With shard_size there are numbered shards in each folder, in the order of the input.
func TestSplitBySize(t *testing.T) {
	f := newFolder(t)
	want := map[string]*strings.Builder{"de": {}, "en": {}}
	for s := range 3 {
		var b strings.Builder
		for i := range 3000 {
			lang := []string{"de", "en", "en"}[i%3]
			row := fmt.Sprintf(`{"text": "%d %d %s", "lang": "%s"}`+"\n", s, i, strings.Repeat("x", 300), lang)
			want[lang].WriteString(row)
			b.WriteString(row)
		}
		f.write(fmt.Sprintf("in/%d.jsonl", s), b.String())
	}
	job := strings.Replace(splitJob, `drop = ["lang"]`, `shard_size = "1MB"`, 1)
	for _, n := range []int{1, 3} {
		out := fmt.Sprint("out", n)
		if _, err := f.run(job, out, n, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		got := f.tree(out, "data")
		all := 0
		for lang, rows := range want {
			text, joined := rows.String(), ""
			shards := (len(text) + 999_999) / 1_000_000
			for k := range shards {
				p := got[fmt.Sprintf("data/%s/part-%05d.jsonl", lang, k)]
				if d := len(p) - len(text)/shards; d < -1000 || d > 1000 {
					t.Errorf("%s: shard %d of %d has %d bytes of %d", lang, k, shards, len(p), len(text))
				}
				joined += p
			}
			all += shards
			if joined != text {
				t.Errorf("%s: other rows, or in another order", lang)
			}
		}
		if len(got) != all {
			t.Errorf("%d shards, want %d", len(got), all)
		}
	}
}

// A column of too many values, or values that no folder can be called after, end the job before
// anything is written.
func TestSplitOfTooManyValues(t *testing.T) {
	f := newFolder(t)
	f.corpus(5, 4, 40)
	for _, c := range []struct{ set, want string }{
		{`stage."corpus.split".by="id"`, "has more than 3 different values, such as "},
		{`stage."corpus.split".by="nosuch"`, `no column "nosuch"`},
	} {
		for _, n := range []int{1, 3} {
			_, err := f.run(splitJob, "out", n, pipeline.Options{Fresh: true}, c.set, `stage."corpus.split".max_values=3`)
			if _, ok := errors.AsType[*pipeline.JobError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s on %d ranks: %v", c.set, n, err)
			}
			if _, err := os.Stat(f.path("out/data")); err == nil {
				t.Errorf("%s on %d ranks: something was written", c.set, n)
			}
		}
	}
	f.write("in/z.jsonl", `{"text": "long", "id": "`+strings.Repeat("x", 10<<20)+`"}`)
	_, err := f.run(splitJob, "out", 2, pipeline.Options{Fresh: true}, `stage."corpus.split".by="id"`, `memory="200MB"`)
	if err == nil || !strings.Contains(err.Error(), "too long for the name of a folder") || len(err.Error()) > 1000 {
		t.Errorf("a long value: %.2000v", err)
	}
}
