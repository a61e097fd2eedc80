package pipeline_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sluice/mpi"
	"sluice/stages/pipeline"
)

// What stages read besides the input may not change between the starts of a job: half of the rows
// would be judged by one list, or hashed with one key, and half by another.
func TestBesidesStayTheSame(t *testing.T) {
	f := newFolder(t)
	f.corpus(3, 12, 200)
	list := f.path("words.txt")
	write := func(text string) {
		if err := os.WriteFile(list, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, stage, want string
		change            func()
	}{
		{"list", "[[stage]]\nuse = \"text.bad_words\"\nlists = [\"" + list + "\"]\n", `words.txt": it had 5 bytes and has 9`, func() { write("another\n\n") }},
		{"key", "[[stage]]\nuse = \"privacy.redact\"\naction = \"hash\"\nkey_env = \"SLUICE_TEST_KEY\"\n", `the key of stage "privacy.redact" is another`, func() { t.Setenv("SLUICE_TEST_KEY", "b") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("SLUICE_TEST_KEY", "a")
			write("word\n")
			job := exactJob + c.stage
			stop := make(chan struct{})
			if _, err := f.run(job, c.name, 2, pipeline.Options{Stop: stop, Watch: newTrap(4, func() { close(stop) })}); !errors.Is(err, mpi.ErrStopped) {
				t.Fatalf("was not stopped: %v", err)
			}
			c.change()
			_, err := f.run(job, c.name, 2, pipeline.Options{})
			var mistake *pipeline.JobError
			if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have %v, want %s", err, c.want)
			}
		})
	}
}

// A start with Fresh that is refused leaves what OUT holds.
func TestFreshKeepsWhatItRefuses(t *testing.T) {
	f := newFolder(t)
	f.corpus(2, 12, 50)
	if _, err := f.run(exactJob, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("out", "data", "duplicates")
	for _, stage := range []string{
		"[[stage]]\nuse = \"text.bad_words\"\nlists = [\"/nowhere/list\"]\n",
		"[[stage]]\nuse = \"privacy.redact\"\naction = \"hash\"\nkey_env = \"SLUICE_UNSET_KEY\"\n",
	} {
		if _, err := f.run(exactJob+stage, "out", 2, pipeline.Options{Fresh: true}); err == nil {
			t.Errorf("%s was run", stage)
		}
		same(t, want, f.tree("out", "data", "duplicates"))
	}
}

// So does one whose text is no column, also where a shard has many blocks; where its first rows alone lack it, they are
// damaged.
func TestFreshKeepsWithoutText(t *testing.T) {
	const row = `{"words": "one two three four five six seven eight nine ten eleven twelve", "n": 1}` + "\n"
	f := newFolder(t)
	f.write("in/a.jsonl", strings.Repeat(row, 4<<20/len(row)))
	job := "input = [\"in\"]\noutput = \"out\"\nmax_bad = 0.5\n[read]\ntext = \"words\"\n"
	if _, err := f.run(job, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("out", "data")
	wrong := strings.Replace(job, "words", "text", 1)
	_, err := f.run(wrong, "out", 2, pipeline.Options{Fresh: true})
	var mistake *pipeline.JobError
	if !errors.As(err, &mistake) || !strings.Contains(err.Error(), `no column "text"`) || !strings.Contains(err.Error(), "has: n, words") {
		t.Errorf("error %v", err)
	}
	same(t, want, f.tree("out", "data"))
	f.write("in/a.jsonl", strings.Repeat(row, 300<<10/len(row))+strings.Repeat(strings.Replace(row, "words", "text", 1), 4<<20/len(row)))
	out, err := f.run(wrong, "out", 2, pipeline.Options{Fresh: true})
	if err != nil || out.Report.RowsDamaged != int64(300<<10/len(row)) {
		t.Errorf("%d rows are damaged, %v", out.Report.RowsDamaged, err)
	}
}
