package format

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sluice/stages"
)

// tree writes files; a name that ends in @ is a link to what it holds.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		p := filepath.Join(dir, strings.TrimSuffix(name, "@"))
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		var err error
		if strings.HasSuffix(name, "@") {
			err = os.Symlink(data, p)
		} else {
			err = os.WriteFile(p, []byte(data), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestList(t *testing.T) {
	dir := tree(t, map[string]string{
		"in/a/1.jsonl": "x", "in/a/2.json.gz": "", "in/b/c/3.parquet": "", "in/b/4.txt": "", "in/b/.5.jsonl": "",
		"in/.git/6.jsonl": "", "in/_SUCCESS": "", "in/z.ndjson.zst": "", "in/a/loop@": "..", "in/gone@": "nowhere",
		"in/link.jsonl@": "a/1.jsonl",
	})
	for _, c := range []struct {
		format string
		paths  []string
		want   string
	}{
		{"auto", []string{"in"}, "a/1.jsonl a/2.json.gz b/c/3.parquet link.jsonl z.ndjson.zst"},
		{"auto", []string{"in/a", "in/b", "in/a/1.jsonl"}, "a/1.jsonl a/2.json.gz b/c/3.parquet"},
		{"auto", []string{"in/a/1.jsonl"}, "1.jsonl"},
		{"jsonl", []string{"in/b/4.txt"}, "4.txt"},
		{"jsonl", []string{"in"}, "a/1.jsonl a/2.json.gz link.jsonl z.ndjson.zst"},
		{"auto", []string{"in/**"}, "a/1.jsonl a/2.json.gz b/c/3.parquet link.jsonl z.ndjson.zst"},
		{"auto", []string{"in/*/*.j*"}, "1.jsonl 2.json.gz"},
		{"auto", []string{"in/**/[0-9]*.parquet", "in/?/1.*"}, "a/1.jsonl b/c/3.parquet"},
		{"auto", []string{"in/**/c/**/3.*"}, "3.parquet"},
		{"auto", []string{"in/[ab]"}, "a/1.jsonl a/2.json.gz b/c/3.parquet"},
		{"files", []string{"in/**/*.txt", "in/**/*.jsonl"}, "part-00000.jsonl=a/1.jsonl,b/4.txt,link.jsonl"},
		{"files", []string{"in/b"}, "part-00000.jsonl=4.txt,c/3.parquet"},
	} {
		in := stages.Input{Read: stages.DefaultRead()}
		in.Read.Format = c.format
		for _, p := range c.paths {
			in.Paths = append(in.Paths, filepath.Join(dir, p))
		}
		shards, stats, err := List(context.Background(), []stages.Input{in})
		if err != nil {
			t.Errorf("%s %v: %v", c.format, c.paths, err)
			continue
		}
		var got []string
		files := 0
		for i, s := range shards {
			name := s.Name
			for k, f := range s.Files {
				name += []string{"=", ","}[min(k, 1)] + f.Name
			}
			got = append(got, name)
			files += max(1, len(s.Files))
			if s.Index != i {
				t.Errorf("shard %d has index %d", i, s.Index)
			}
		}
		if strings.Join(got, " ") != c.want || files != len(stats) {
			t.Errorf("%s %v: got %q (%d stats), want %q", c.format, c.paths, got, len(stats), c.want)
		}
	}
}

func TestListRefuses(t *testing.T) {
	dir := tree(t, map[string]string{"in/a.jsonl": "", "in/b.txt": "", "empty/c.txt": ""})
	for path, want := range map[string]string{
		"in/b.txt": "unknown format", "in/*.zip": "no such file", "nowhere": "no such file", "nowhere/*": "no such file",
		"empty/*": "none of 1 files", "empty": "no such file", "in/[": "broken pattern",
	} {
		_, _, err := List(context.Background(), []stages.Input{{Paths: []string{filepath.Join(dir, path)}, Read: stages.DefaultRead()}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	two := []stages.Input{
		{Name: "one", Paths: []string{filepath.Join(dir, "in")}, Read: stages.DefaultRead()},
		{Name: "two", Paths: []string{filepath.Join(dir, "in/*.jsonl")}, Read: stages.DefaultRead()},
	}
	if _, _, err := List(context.Background(), two); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("one file in two sources: %v", err)
	}
}

// A pipe or a socket in the place of a file is named, one that nobody asked for
// is not looked at.
func TestListRefusesPipes(t *testing.T) {
	dir := tree(t, map[string]string{"in/a.jsonl": "", "in/b.txt": ""})
	if err := errors.Join(syscall.Mkfifo(filepath.Join(dir, "in/pipe.jsonl"), 0o666), syscall.Mkfifo(filepath.Join(dir, "in/lock"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for path, format := range map[string]string{"in": "auto", "in/*": "auto", "in/pipe.jsonl": "auto", "in/": "files", "in/l*": "jsonl"} {
		in := stages.Input{Paths: []string{filepath.Join(dir, path)}, Read: stages.DefaultRead()}
		in.Read.Format = format
		if _, _, err := List(context.Background(), []stages.Input{in}); err == nil || !strings.Contains(err.Error(), "but a pipe") {
			t.Errorf("%s as %s: error %v", path, format, err)
		}
	}
	os.Remove(filepath.Join(dir, "in/pipe.jsonl"))
	in := stages.Input{Paths: []string{filepath.Join(dir, "in")}, Read: stages.DefaultRead()}
	if shards, _, err := List(context.Background(), []stages.Input{in}); err != nil || len(shards) != 1 {
		t.Errorf("%d shards, error %v", len(shards), err)
	}
}

func TestCheckNames(t *testing.T) {
	w := stages.DefaultWrite()
	w.Compress = "none"
	sink, err := NewSink(w, stages.DefaultRead(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	shards := func(names ...string) (s []stages.Shard) {
		for _, n := range names {
			s = append(s, stages.Shard{Name: n, Format: "jsonl"})
		}
		return s
	}
	many := make([]string, maxFolder+1)
	for i := range many {
		many[i] = fmt.Sprintf("x/%d.jsonl", i)
	}
	if err := CheckNames(shards("a.jsonl", "b/a.jsonl.gz"), sink); err != nil {
		t.Error(err)
	}
	if err := CheckNames(shards(many[1:]...), sink); err != nil {
		t.Error(err)
	}
	flat := make([]string, len(many))
	for i := range many {
		flat[i] = strings.TrimPrefix(many[i], "x/")
	}
	for want, bad := range map[string][]string{
		`both become output "a.jsonl"`: {"a.jsonl", "a.jsonl.gz"}, `"a.jsonl.gz"`: {"a.jsonl.gz", "a.jsonl/b.jsonl"},
		`output folder "data/x" would`: many, `output folder "data" would`: flat,
	} {
		if err := CheckNames(shards(bad...), sink); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d names: error %v, want %s", len(bad), err, want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := tree(t, map[string]string{"a/x.txt": "one\n", "b.txt": "two \"2\"", "bad.txt": "\xff", "empty.txt": ""})
	in := stages.Input{Paths: []string{dir}, Read: stages.DefaultRead()}
	in.Read.Format = "files"
	shards, _, err := List(context.Background(), []stages.Input{in})
	if err != nil || len(shards) != 1 {
		t.Fatal(shards, err)
	}
	for _, size := range []int64{1, 5, 1 << 20} {
		src, err := NewSource("files", in.Read, []stages.Need{{Name: "id", Type: stages.Scalars}}, Options{BatchBytes: 5})
		if err != nil {
			t.Fatal(err)
		}
		sink, err := NewSink(stages.DefaultWrite(), in.Read, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		damaged := 0
		pieces, err := readBlocks(t, src, sink, &shards[0], size, func(b *stages.Batch) {
			damaged += len(b.Damaged)
			for i, kept := range b.Keep {
				if kept {
					ids = append(ids, string(b.RowID[i])+"="+string(b.Column("id").Values[i].Str))
				}
			}
			b.Add("n")
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"a/x.txt=a/x.txt", "b.txt=b.txt", "empty.txt=empty.txt"}; !slices.Equal(ids, want) || damaged != 1 {
			t.Errorf("ids %q, %d damaged", ids, damaged)
		}
		want := `{"id":"a/x.txt","text":"one\n","n":null}` + "\n" + `{"id":"b.txt","text":"two \"2\"","n":null}` + "\n" +
			`{"id":"empty.txt","text":"","n":null}` + "\n"
		if got := string(join(t, sink, pieces)); got != want {
			t.Errorf("got %s", got)
		}
	}
}
