package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"sluice/mpi"
	"sluice/stages/job"
	"sluice/stages/manifest"
	"sluice/stages/pipeline"
)

// A trap is a watch that does something at the n-th event of a run.
type trap struct {
	left atomic.Int64
	do   func()
}

func newTrap(n int64, do func()) *trap {
	t := &trap{do: do}
	t.left.Store(n)
	return t
}

func (t *trap) event() {
	if t.left.Add(-1) == 0 {
		t.do()
	}
}

func (t *trap) Pass(int, int, string, int64) { t.event() }
func (t *trap) Block(int, int)               { t.event() }
func (t *trap) Done(int64, int64)            { t.event() }
func (t *trap) Finish()                      { t.event() }

// The child of TestKilled: it runs a job and kills itself at an event.
func TestMain(m *testing.M) {
	if path := os.Getenv("SLUICE_TEST_JOB"); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

func child(path string) int {
	at, _ := strconv.ParseInt(os.Getenv("SLUICE_TEST_KILL"), 10, 64)
	ranks, _ := strconv.Atoi(os.Getenv("SLUICE_TEST_RANKS"))
	j, err := job.Parse(path, catalogue(), job.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	j.Threads, j.Memory, j.Scratch = 2, 64_000_000, filepath.Join(filepath.Dir(path), "scratch")
	o := pipeline.Options{Watch: newTrap(at, func() {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	})}
	if phase, _ := strconv.Atoi(os.Getenv("SLUICE_TEST_PHASE")); phase > 0 {
		o.Watch = &phases{at: phase, ends: os.Getenv("SLUICE_TEST_ENDS") != "", do: func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) }}
	}
	err = mpi.Local(ranks, mpi.Config{}, func(c mpi.Comm) error {
		_, err := pipeline.Run(context.Background(), c, j, o)
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// kill -9 at any event, several times, with changing numbers of ranks: the
// output is that of a run that nobody disturbed.
func TestKilled(t *testing.T) {
	f := newFolder(t)
	f.corpus(2, 12, 200)
	if _, err := f.run(exactJob, "calm", 3, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	for _, seed := range []int64{1, 7, 40, 70} {
		out := fmt.Sprint("killed", seed)
		f.killed(exactJob, out, seed, 11, 4)
		same(t, want, f.tree(out, "data", "duplicates"))
	}
}

// A job killed at 80 % of its way reads less than 40 % of its input again: where other work delays some of its
// threads more than others, at the third try.
func TestKilledLateReadsLittleAgain(t *testing.T) {
	f := newFolder(t)
	total := f.documents(3, 96<<20, 3000)
	count := newTrap(1<<62, nil)
	if _, err := f.run(plainJob, "calm", 2, pipeline.Options{Watch: count}); err != nil {
		t.Fatal(err)
	}
	events := 1<<62 - count.left.Load()
	want := f.tree("calm", "data", "duplicates")
	least := 1.0
	for try := 0; try < 3 && least >= 0.4; try++ {
		late := fmt.Sprint("late", try)
		least = min(least, float64(f.killedLate(late, events*8/10))/float64(total))
		t.Logf("read %.1f %% of the input again", 100*least)
		same(t, want, f.tree(late, "data", "duplicates"))
	}
	if least >= 0.4 {
		t.Errorf("read %.0f %% of the input again", 100*least)
	}
}

// killedLate kills plainJob at an event, finishes it, and returns how many bytes were read again.
func (f folder) killedLate(out string, event int64) (again int64) {
	f.tb.Helper()
	f.write("job.toml", strings.Replace(plainJob, `"out"`, `"`+out+`"`, 1))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+f.path("job.toml"), fmt.Sprintf("SLUICE_TEST_KILL=%d", event), "SLUICE_TEST_RANKS=2")
	if text, err := cmd.CombinedOutput(); err == nil {
		f.tb.Fatalf("was not killed: %s", text)
	}
	done, err := f.run(plainJob, out, 3, pipeline.Options{})
	if err != nil {
		f.tb.Fatal(err)
	}
	for _, p := range done.Report.Passes {
		for _, r := range p.Ranks {
			again += r.ReadAgain
		}
	}
	return again
}

// A run that is asked to stop ends with ErrStopped on all ranks, and continues
// without reading again what it finished.
func TestStoppedContinues(t *testing.T) {
	f := newFolder(t)
	f.corpus(3, 12, 200)
	calm, err := f.run(exactJob, "calm", 2, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	for at := int64(2); ; at += 9 {
		out := fmt.Sprint("stopped", at)
		stop := make(chan struct{})
		_, err := f.run(exactJob, out, 2, pipeline.Options{Stop: stop, Watch: newTrap(at, func() { close(stop) })})
		if err == nil {
			if at < 20 {
				t.Error("was not stopped")
			}
			break
		}
		if !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		after, err := f.run(exactJob, out, 3, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		same(t, want, f.tree(out, "data", "duplicates"))
		for _, p := range after.Report.Passes {
			for _, r := range p.Ranks {
				if r.ReadAgain > 0 {
					t.Errorf("stopped at event %d: rank %d read %d bytes again", at, r.Rank, r.ReadAgain)
				}
			}
		}
		if got, want := passTotals(after.Report), passTotals(calm.Report); got != want {
			t.Errorf("stopped at event %d: passes saw %s, want %s", at, got, want)
		}
		if after.Report.RowsIn != calm.Report.RowsIn || fmt.Sprint(after.Report.Stages) != fmt.Sprint(calm.Report.Stages) {
			t.Errorf("stopped at event %d: the funnel is %v, want %v", at, after.Report.Stages, calm.Report.Stages)
		}
	}
}

// Damage to any checkpoint is found: the run gives the right bytes, or says
// that it cannot.
func TestDamagedCheckpoints(t *testing.T) {
	f := newFolder(t)
	f.corpus(4, 8, 200)
	if _, err := f.run(exactJob, "calm", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	want := f.tree("calm", "data", "duplicates")
	refused := 0
	for i := 0; ; i++ {
		out := fmt.Sprint("damaged", i)
		stop := make(chan struct{})
		// Event 24 is in the last pass: rounds, segments, parts, journals are there.
		if _, err := f.run(exactJob, out, 2, pipeline.Options{Stop: stop, Watch: newTrap(24, func() { close(stop) })}); !errors.Is(err, mpi.ErrStopped) {
			t.Fatal(err)
		}
		files := sortedFiles(t, filepath.Join(f.dir, out, ".sluice"))
		if i >= len(files) { // the streams of a run write as many as they come to
			break
		}
		flip(t, files[i])
		_, err := f.run(exactJob, out, 2, pipeline.Options{})
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: no remedy in %v", files[i], err)
			}
			if _, err := f.run(exactJob, out, 2, pipeline.Options{Fresh: true}); err != nil {
				t.Fatal(err)
			}
		}
		same(t, want, f.tree(out, "data", "duplicates"))
	}
	t.Logf("refused %d", refused)
}

// placedShards runs a job of many shards of two blocks each, undisturbed and
// into out until some outputs stand in their places.
func placedShards(t *testing.T) folder {
	f := newFolder(t)
	f.documents(20, 40<<20, 2000)
	for i := range 20 {
		name := fmt.Sprintf("in/part-%d.jsonl", i)
		p, err := os.ReadFile(f.path(name))
		if err != nil {
			t.Fatal(err)
		}
		f.write(name, string(p)+`{"id": "x", "text": "the same in all"}`+"\n")
	}
	if _, err := f.run(plainJob, "calm", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	f.stopAt(plainJob, "out", 1, 2, 30<<20)
	return f
}

// A block is read again for what it asked, and the output that it is in stays.
func TestDamagedBlockOfAPlacedShard(t *testing.T) {
	f := placedShards(t)
	segments, _ := filepath.Glob(f.path("out/.sluice/segments/pass1-*"))
	placed, _ := filepath.Glob(f.path("out/data/*"))
	if len(segments) == 0 || len(placed) == 0 {
		t.Fatalf("segments %v, outputs %v", segments, placed)
	}
	for _, s := range segments {
		flip(t, s)
	}
	if _, err := f.run(plainJob, "out", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, f.tree("calm", "data", "duplicates"), f.tree("out", "data", "duplicates"))
}

func TestPlacedShardIsGone(t *testing.T) {
	f := placedShards(t)
	placed, _ := filepath.Glob(f.path("out/data/*"))
	if len(placed) == 0 {
		t.Fatal("no output stands in its place")
	}
	if err := os.Remove(placed[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run(plainJob, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	same(t, f.tree("calm", "data", "duplicates"), f.tree("out", "data", "duplicates"))
}

// A wrong bit anywhere in the answers of a round is found.
func TestDamagedAnswers(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(2)+rowsOf(2))
	if _, err := f.run(plainJob, "calm", 1, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	f.stopAt(plainJob, "out", 1, 2, 0)
	segments, _ := filepath.Glob(f.path("out/.sluice/segments/round0-0-*"))
	if len(segments) != 1 {
		t.Fatal(segments)
	}
	good, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		out := fmt.Sprint("damaged", at)
		if err := os.CopyFS(f.path(out), os.DirFS(f.path("out"))); err != nil {
			t.Fatal(err)
		}
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x10
		f.write(filepath.Join(out, ".sluice/segments", filepath.Base(segments[0])), string(bad))
		_, err := f.run(plainJob, out, 1, pipeline.Options{})
		if err != nil && !strings.Contains(err.Error(), "--fresh") {
			t.Errorf("byte %d: no remedy in %v", at, err)
		}
		if err == nil {
			same(t, f.tree("calm", "data", "duplicates"), f.tree(out, "data", "duplicates"))
		}
	}
}

// What a writer that was killed left beside its file is removed.
func TestUnfinishedFilesAreRemoved(t *testing.T) {
	f := newFolder(t)
	f.write("in/a.jsonl", rowsOf(10))
	f.stopAt(plainJob, "out", 1, 2, 0)
	for _, path := range []string{"data/a.jsonl", "duplicates/part-00000.parquet"} {
		a, err := manifest.CreateAtomic(f.path("out/" + path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.run(plainJob, "out", 2, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := f.tree("out", "data", "duplicates"); len(got) != 2 {
		t.Errorf("%d files: %v", len(got), got)
	}
}

// passTotals tells the rows and bytes of each pass, over all starts.
func passTotals(r *pipeline.Report) string {
	var b strings.Builder
	for _, p := range r.Passes {
		var e pipeline.EarlierReport
		if p.Earlier != nil {
			e = *p.Earlier
		}
		for _, k := range p.Ranks {
			e.Rows += k.Rows
			e.BytesIn += k.BytesIn
			e.BytesOut += k.BytesOut
		}
		fmt.Fprintf(&b, "%d rows of %d bytes, %d out; ", e.Rows, e.BytesIn, e.BytesOut)
	}
	return b.String()
}
