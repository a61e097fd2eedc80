package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/pipeline"
)

// saved returns the names and records of the collection in a folder.
func (f folder) saved(name string) (names []string, records map[string][]byte) {
	f.tb.Helper()
	records = map[string][]byte{}
	files, _ := filepath.Glob(filepath.Join(f.path(name), "*"))
	for _, path := range files {
		if !strings.HasSuffix(path, ".sketches") {
			f.tb.Errorf("%s is left", path)
			continue
		}
		src, err := format.NewSource(stages.SavedFormat, stages.Read{}, nil, format.Options{})
		if err != nil {
			f.tb.Fatal(err)
		}
		shard := &stages.Shard{Path: path}
		blocks, err := src.Blocks(context.Background(), shard, 1<<20)
		if err != nil {
			f.tb.Fatal(err)
		}
		for i := range blocks {
			in, err := src.Open(f.tb.Context(), shard, &blocks[i])
			if err != nil {
				f.tb.Fatal(err)
			}
			for {
				_, decode, err := in.Next(f.tb.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					f.tb.Fatal(err)
				}
				b, err := decode()
				if err != nil {
					f.tb.Fatal(err)
				}
				for k, id := range b.RowID {
					names = append(names, string(id))
					records[string(id)] = b.Records[k]
				}
			}
			in.Close()
		}
	}
	return names, records
}

// ids lists the ids in an output, in order.
func (f folder) ids(out string, only func(line string) bool) (ids []string) {
	f.tb.Helper()
	files := f.tree(out, "data")
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for line := range strings.Lines(files[name]) {
			var d struct{ ID string }
			if err := json.Unmarshal([]byte(line), &d); err != nil {
				f.tb.Fatal(err)
			}
			if only(line) {
				ids = append(ids, d.ID)
			}
		}
	}
	return ids
}

// A collection holds what the output holds, in its order, and its bytes do not depend
// on the number of ranks.
func TestCollectionIsTheOutput(t *testing.T) {
	head, near, _ := strings.Cut(fuzzyJob, "[[stage]]")
	near = "[read]\nid = \"id\"\n[[stage]]" + near + "save_sketches = \"%s\"\n"
	const filter = "[[stage]]\nuse = \"text.word_count\"\nname = \"%s\"\n%s\n"
	short, long := fmt.Sprintf(filter, "short", "min_words = 8"), fmt.Sprintf(filter, "long", "min_words = 1\nmax_words = 74")
	for name, job := range map[string]string{
		"alone":     head + near,
		"filters":   head + strings.Replace(near, "[[stage]]", short+"[[stage]]", 1) + long,
		"marks":     head + near + "action = \"mark\"\n" + long,
		"exact too": head + near + "[[stage]]\nuse = \"dedup.exact\"\nnormalize = [\"punctuation\"]\n" + long,
		"estimates": head + near + "verify = \"sketch\"\n",
		"drops all": head + near + fmt.Sprintf(filter, "all", "min_words = 1000"),
	} {
		f := newFolder(t)
		f.families(7, 6, 40)
		var want map[string]string
		for _, n := range []int{1, 3} {
			out, folder := fmt.Sprint("out", n), fmt.Sprint("saved", n)
			if _, err := f.run(fmt.Sprintf(job, folder), out, n, pipeline.Options{}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := map[string]string{}
			for path, p := range f.tree(".", folder) {
				got[filepath.Base(path)] = p
			}
			if n == 1 {
				want = got
				names, _ := f.saved(folder)
				stays := f.ids(out, func(line string) bool { return !strings.Contains(line, `"near":false`) })
				if !slices.Equal(names, stays) || name != "drops all" && len(names) < 20 {
					t.Errorf("%s: %d are saved and %d stay", name, len(names), len(stays))
				}
			}
			same(t, want, got)
		}
	}
}

// Against a collection a job does what it does against the texts that were saved, whatever
// else is in it.
func TestAgainstCollection(t *testing.T) {
	f := newFolder(t)
	texts := f.families(8, 9, 50)
	old, err := filepath.Glob(f.path("in/0/*"))
	if err != nil || os.Mkdir(f.path("old"), 0o777) != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		if err := os.Rename(path, f.path("old/"+filepath.Base(path))); err != nil {
			t.Fatal(err)
		}
	}
	for _, verify := range []string{"exact", "sketch"} {
		near := strings.Replace(fuzzyJob, "[[stage]]", "[read]\nid = \"id\"\n[[stage]]", 1) + fmt.Sprintf("verify = %q\n", verify)
		first := strings.Replace(near, `"in"`, `"old"`, 1) + fmt.Sprintf("save_sketches = %q\n", "saved-"+verify)
		if _, err := f.run(first, "first-"+verify, 3, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		for name, job := range map[string]string{
			"alone": near + "against = [%q]\n",
			"more": near + "against = [%q]\n" + "[[stage]]\nuse = \"dedup.exact\"\nnormalize = [\"punctuation\"]\n" +
				"[[stage]]\nuse = \"text.word_count\"\nname = \"long\"\nmin_words = 1\nmax_words = 74\n",
			"after": strings.Replace(near, "[[stage]]", "[[stage]]\nuse = \"text.word_count\"\nname = \"short\"\nmin_words = 8\n"+
				"[[stage]]\nuse = \"dedup.exact\"\n[[stage]]", 1) + "against = [%q]\n",
			"marked": near + "action = \"mark\"\nagainst = [%q]\n",
		} {
			if verify == "sketch" && name != "alone" {
				continue
			}
			out := verify + name
			if _, err := f.run(fmt.Sprintf(job, "first-"+verify+"/data"), out, 2, pipeline.Options{}); err != nil {
				t.Fatal(err)
			}
			want := f.tree(out, "data")
			for _, n := range []int{3} {
				saved := fmt.Sprint(out, n)
				rep, err := f.run(fmt.Sprintf(job, "saved-"+verify), saved, n, pipeline.Options{})
				if err != nil {
					t.Fatalf("%s, %s: %v", verify, name, err)
				}
				got := f.tree(saved, "data")
				if name == "marked" { // the numbers of clusters are those of keepers
					got, want = unnumbered(got), unnumbered(want)
				}
				same(t, want, got)
				f.keepersOfBefore(t, saved)
				if rep.Report.Duplicates < int64(texts/5) {
					t.Errorf("%s, %s: %d duplicates", verify, name, rep.Report.Duplicates)
				}
			}
		}
	}
}

// keepersOfBefore checks that keepers in a collection are listed by the ids that they had,
// which begin with 0, 3, 6 or so: families has them in folder 0.
func (f folder) keepersOfBefore(t *testing.T, out string) {
	t.Helper()
	n := 0
	files, _ := filepath.Glob(filepath.Join(f.path(out), "duplicates", "*"))
	for _, path := range files {
		for d, err := range format.ReadTable(path) {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(d.KeeperShard, ".sketches") {
				continue
			}
			n++
			var shard, row int
			if k, err := fmt.Sscanf(d.KeeperID, "%d-%d", &shard, &row); k != 2 || err != nil || shard%3 != 0 {
				t.Errorf("%s: %s is named %q", out, d.Keeper, d.KeeperID)
			}
		}
	}
	if n < 10 {
		t.Errorf("%s: %d keepers are of the collection", out, n)
	}
}

// unnumbered leaves the numbers of clusters out of outputs.
func unnumbered(files map[string]string) map[string]string {
	out := map[string]string{}
	for name, p := range files {
		var b strings.Builder
		for line := range strings.Lines(p) {
			before, after, _ := strings.Cut(line, `"near_cluster":`)
			_, after, _ = strings.Cut(after, ",")
			b.WriteString(before + after)
		}
		out[name] = b.String()
	}
	return out
}

// kill -9 when the last pass or the saving begins or ends: another start makes the same
// files, and leaves nothing else.
func TestCollectionKilled(t *testing.T) {
	f := newFolder(t)
	f.families(9, 4, 40)
	w := &phases{}
	if _, err := f.run(fuzzyJob+"save_sketches = \"calm-saved\"\n", "calm", 2, pipeline.Options{Watch: w}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for path, p := range f.tree(".", "calm-saved") {
		want[filepath.Base(path)] = p
	}
	if len(want) == 0 || !strings.HasSuffix(w.names[len(w.names)-1], "save sketches") {
		t.Fatalf("nothing is saved: %q", w.names)
	}
	for i := range 4 {
		out, folder := fmt.Sprint("killed", i), fmt.Sprint("saved", i)
		f.write("job.toml", strings.Replace(fuzzyJob, `"out"`, fmt.Sprintf("%q", out), 1)+fmt.Sprintf("save_sketches = %q\n", folder))
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+f.path("job.toml"), fmt.Sprintf("SLUICE_TEST_PHASE=%d", len(w.names)-i/2), "SLUICE_TEST_RANKS=2")
		if i%2 == 1 {
			cmd.Env = append(cmd.Env, "SLUICE_TEST_ENDS=1")
		}
		if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("was not killed: %v: %s", err, text)
		}
		f.write(folder+"/.part-00000.sketches.sluice-tmp-1", "what a writer left")
		if _, err := f.run(fuzzyJob+fmt.Sprintf("save_sketches = %q\n", folder), out, 3, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for path, p := range f.tree(".", folder) {
			got[filepath.Base(path)] = p
		}
		same(t, want, got)
	}
}
