package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The tests of this file launch the program as users do. scripts/test says by
// SLUICE_TEST_MPI and SLUICE_TEST_SLURM that mpirun is there, and that the
// environment points to a Slurm cluster; what is not there is left out.

// A cluster is a program with MPI, if that can be built, and a folder for jobs.
type cluster struct {
	*testing.T
	folder     string
	program    string
	mpi, slurm bool
	rest       string // of its jobs, from the last stage on
}

const exactDedup = `
use = "dedup.exact"
keep = "longest"
normalize = ["lower", "whitespace"]
`

const fuzzyDedup = `
use = "dedup.fuzzy"
keep = "longest"
`

func newCluster(t *testing.T) *cluster {
	c := &cluster{T: t, folder: t.TempDir(), mpi: os.Getenv("SLUICE_TEST_MPI") != "", slurm: os.Getenv("SLUICE_TEST_SLURM") != "", rest: exactDedup}
	c.program = c.path("sluice")
	build := []string{"build", "-o", c.program}
	if c.mpi || c.slurm {
		build = append(build, "-tags", "mpi")
	}
	if out, err := exec.Command("go", append(build, ".")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return c
}

func (c *cluster) path(name string) string { return filepath.Join(c.folder, name) }

// job writes a job file whose output is the folder out.
func (c *cluster) job(input, out string) string {
	text := fmt.Sprintf(`
input = %q
output = %q
scratch = %q
[[stage]]
use = "text.word_count"
min_words = 5
[[stage]]
%s
[job]
nodes = 2
ranks_per_node = 2
cpus_per_rank = 2
time = "00:10:00"
mem = "2G"
`, input, out, c.path("scratch"), c.rest)
	file := c.path(out + ".toml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		c.Fatal(err)
	}
	return file
}

// start starts the program under a launcher, in a session of its own.
func (c *cluster) start(launcher string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	line := append(strings.Fields(launcher), c.program)
	line = append(line, args...)
	ctx, cancel := context.WithTimeout(c.Context(), 3*time.Minute)
	c.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = c.folder
	log := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	return cmd, log
}

func (c *cluster) run(launcher string, args ...string) {
	c.Helper()
	cmd, log := c.start(launcher, args...)
	if err := cmd.Wait(); err != nil {
		c.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, log)
	}
}

// slurmCommand runs a client of Slurm and returns what it says.
func (c *cluster) slurmCommand(line ...string) string {
	c.Helper()
	out, err := exec.Command(line[0], line[1:]...).CombinedOutput()
	if err != nil {
		c.Fatalf("%s: %v\n%s", strings.Join(line, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// until asks every 20 ms, for two minutes.
func (c *cluster) until(what string, done func() bool) {
	c.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	c.Fatalf("waited in vain: %s", what)
}

// underWay waits until a job has finished some blocks.
func (c *cluster) underWay(out string) {
	c.Helper()
	c.until(out+" gets under way", func() bool {
		journals, _ := filepath.Glob(filepath.Join(c.path(out), ".sluice", "journal-*"))
		total := int64(0)
		for _, j := range journals {
			if info, err := os.Stat(j); err == nil {
				total += info.Size()
			}
		}
		return total > 1500
	})
}

// tree returns the digest of each file of a finished output.
func (c *cluster) tree(out string) map[string][32]byte {
	c.Helper()
	digests := make(map[string][32]byte)
	for _, part := range []string{"data", "duplicates"} {
		err := filepath.WalkDir(filepath.Join(c.path(out), part), func(name string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			h := sha256.New()
			if _, err := io.Copy(h, f); err != nil {
				return err
			}
			rel, err := filepath.Rel(c.path(out), name)
			digests[rel] = [32]byte(h.Sum(nil))
			return err
		})
		if err != nil {
			c.Fatal(err)
		}
	}
	return digests
}

// same compares an output with the one of an undisturbed run.
func (c *cluster) same(want map[string][32]byte, out string) {
	c.Helper()
	got := c.tree(out)
	if len(want) < 3 {
		c.Fatalf("the run to compare with wrote %d files", len(want))
	}
	for name, digest := range want {
		if d, ok := got[name]; !ok || d != digest {
			c.Errorf("%s: %s is missing or differs", out, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			c.Errorf("%s: %s should not be there", out, name)
		}
	}
	os.RemoveAll(c.path(out))
}

// corpus writes uneven files of rows, a fifth of them copies of others, of which every other
// has a word more.
func (c *cluster) corpus(name string, files, rows int) string {
	c.Helper()
	words := strings.Fields("a corpus of many words that come again and again in an order which chance decides so that no two rows agree")
	random := rand.New(rand.NewPCG(1, 2))
	var texts []string
	if err := os.MkdirAll(c.path(name), 0o777); err != nil {
		c.Fatal(err)
	}
	for i := range files {
		var b bytes.Buffer
		for range rows * (1 + i%4) {
			var text strings.Builder
			if len(texts) > 0 && random.IntN(5) == 0 {
				text.WriteString(strings.ToUpper(texts[random.IntN(len(texts))]))
				text.WriteString(strings.Repeat(" more", random.IntN(2)))
			} else {
				for range 3 + random.IntN(200) {
					text.WriteString(words[random.IntN(len(words))] + " ")
				}
				text.WriteString(strconv.Itoa(random.IntN(1 << 40)))
				if len(texts) < 10000 {
					texts = append(texts, text.String())
				}
			}
			fmt.Fprintf(&b, "{\"url\": \"http://host/%d\", \"text\": %q, \"n\": %d}\n", random.IntN(1000), text.String(), i)
		}
		c.shard(filepath.Join(c.path(name), fmt.Sprintf("part-%03d.jsonl", i)), b.Bytes(), i)
	}
	return c.path(name)
}

// shard writes every fifth file as gzip and every fifth as zstd.
func (c *cluster) shard(path string, p []byte, i int) {
	var b bytes.Buffer
	var w io.WriteCloser
	switch i % 5 {
	case 1:
		path, w = path+".gz", gzip.NewWriter(&b)
	case 2:
		z, err := zstd.NewWriter(&b)
		if err != nil {
			c.Fatal(err)
		}
		path, w = path+".zst", z
	}
	if w != nil {
		w.Write(p)
		w.Close()
		p = b.Bytes()
	}
	if err := os.WriteFile(path, p, 0o666); err != nil {
		c.Fatal(err)
	}
}

// launchers are the ways to start ranks, besides goroutines.
func (c *cluster) launchers() (lines []string) {
	if c.mpi {
		lines = append(lines, "mpirun -n 1", "mpirun -n 2", "mpirun -n 4")
	}
	if c.slurm {
		lines = append(lines, "srun --mpi=pmix --kill-on-bad-exit=1 -N2 --ntasks-per-node=2 -n4 -c2",
			"srun --mpi=pmix --kill-on-bad-exit=1 -N4 --ntasks-per-node=1 -n4 -c2")
	}
	return lines
}

func (c *cluster) sameUnderAll(input string, ranks ...int) {
	os.RemoveAll(c.path("one")) // of another job
	c.run("", "run", c.job(input, "one"), "--ranks", "1")
	want := c.tree("one")
	for _, n := range ranks {
		out := fmt.Sprintf("local%d", n)
		c.run("", "run", c.job(input, out), "--ranks", strconv.Itoa(n))
		c.same(want, out)
	}
	for i, line := range c.launchers() {
		began := time.Now()
		out := fmt.Sprintf("launched%d", i)
		c.run(line, "run", c.job(input, out))
		c.same(want, out)
		c.Logf("%s: the same %d files, %.1f s", line, len(want), time.Since(began).Seconds())
	}
}

// The bytes of an output do not depend on the ranks.
func TestClusterSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many ranks")
	}
	c := newCluster(t)
	c.sameUnderAll(c.corpus("in", 13, 120), 2, 3, 8)
}

// Those of dedup.fuzzy do not, either.
func TestClusterFuzzy(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many ranks")
	}
	c := newCluster(t)
	c.rest = fuzzyDedup
	c.sameUnderAll(c.corpus("in", 13, 60), 3)
}

func TestClusterSharedCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("reads the corpus many times")
	}
	shared, err := filepath.Abs("../shared/corpus/docs.jsonl.zst")
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(shared)
	if err != nil {
		t.Skip("the shared corpus is not beside this clone")
	}
	c := newCluster(t)
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := z.DecodeAll(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.path("in"), 0o777); err != nil {
		t.Fatal(err)
	}
	// The file as it is, and a part of it that can be cut into blocks.
	half := plain[:len(plain)/2]
	half = half[:bytes.LastIndexByte(half, '\n')+1]
	for name, p := range map[string][]byte{"docs.jsonl.zst": p, "half.jsonl": half} {
		if err := os.WriteFile(filepath.Join(c.path("in"), name), p, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	c.sameUnderAll(c.path("in"), 2)
}

// rank returns the process of one MPI rank of this cluster's program.
func (c *cluster) rank(n int) (pid int) {
	c.Helper()
	c.until(fmt.Sprintf("rank %d runs", n), func() bool {
		links, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, link := range links {
			if exe, err := os.Readlink(link); err != nil || exe != c.program {
				continue
			}
			env, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "environ"))
			if bytes.Contains(env, []byte(fmt.Sprintf("\x00PMIX_RANK=%d\x00", n))) {
				pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(link)))
				return true
			}
		}
		return false
	})
	return pid
}

// A rank dies without a word: the launch ends, and other ranks finish the job.
func TestClusterKilledRank(t *testing.T) {
	c := newCluster(t)
	lines := c.severalRanks()
	if testing.Short() || len(lines) == 0 {
		t.Skip("needs MPI")
	}
	input := c.corpus("in", 120, 300)
	c.killed(input, lines, c.underWay)
}

// A rank dies in the rounds of dedup.fuzzy: other ranks go on after the last that was held.
func TestClusterKilledInRounds(t *testing.T) {
	c := newCluster(t)
	lines := c.severalRanks()
	if testing.Short() || len(lines) == 0 {
		t.Skip("needs MPI")
	}
	c.rest = fuzzyDedup
	held := 0
	c.killed(c.corpus("in", 60, 200), lines, func(out string) {
		held++
		c.until("a round is held", func() bool {
			rounds, _ := filepath.Glob(filepath.Join(c.path(out), ".sluice", "round-*"))
			return len(rounds) >= held
		})
	})
}

// severalRanks are the launchers that start more ranks than one.
func (c *cluster) severalRanks() (lines []string) {
	for _, line := range c.launchers() {
		if !strings.HasSuffix(line, "-n 1") {
			lines = append(lines, line)
		}
	}
	return lines
}

// killed kills rank 1 of a job under each launcher once wait returns, and finishes
// the job on one machine.
func (c *cluster) killed(input string, lines []string, wait func(out string)) {
	c.Helper()
	c.run("", "run", c.job(input, "calm"))
	want := c.tree("calm")
	for i, line := range lines {
		out := fmt.Sprintf("killed%d", i)
		job := c.job(input, out)
		cmd, log := c.start(line, "run", job)
		wait(out)
		syscall.Kill(c.rank(1), syscall.SIGKILL)
		if err := cmd.Wait(); err == nil {
			c.Fatalf("%s ended well, its rank 1 was killed\n%s", line, log)
		}
		c.run("", "run", job, "--ranks", strconv.Itoa(1+i%3))
		c.same(want, out)
	}
}

// submit hands a job to Slurm by its batch script and returns its id.
func (c *cluster) submit(job string) string {
	c.Helper()
	cmd := exec.Command(c.program, "submit", job)
	cmd.Dir, cmd.Stderr = c.folder, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		c.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// state returns the state and the restarts of a job.
func (c *cluster) state(id string) (state string, restarts int) {
	for field := range strings.FieldsSeq(c.slurmCommand("scontrol", "show", "job", id)) {
		if v, ok := strings.CutPrefix(field, "JobState="); ok {
			state = v
		}
		if v, ok := strings.CutPrefix(field, "Restarts="); ok {
			restarts, _ = strconv.Atoi(v)
		}
	}
	return state, restarts
}

// A batch job is warned, put back, or cancelled and submitted again.
func TestClusterBatch(t *testing.T) {
	c := newCluster(t)
	if testing.Short() || !c.slurm {
		t.Skip("needs Slurm")
	}
	input := c.corpus("in", 120, 300)
	c.run("", "run", c.job(input, "calm"))
	want := c.tree("calm")
	for _, x := range []struct {
		name     string
		disturb  func(id string)
		restarts int
		log      string
	}{
		{"undisturbed", nil, 0, "dedup.exact"},
		{"warned", func(id string) { c.slurmCommand("scancel", "--batch", "--signal=USR1", id) }, 1, "goes back into the queue"},
		{"requeued", func(id string) { c.slurmCommand("scontrol", "requeue", id) }, 1, "start 2"},
		{"cancelled", func(id string) { c.slurmCommand("scancel", id) }, 0, "dedup.exact"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := &cluster{t, c.folder, c.program, c.mpi, c.slurm, c.rest}
			job := c.job(input, x.name)
			id := c.submit(job)
			if x.disturb != nil {
				c.underWay(x.name)
				x.disturb(id)
			}
			if x.name == "cancelled" {
				c.until("the job is gone", func() bool { s, _ := c.state(id); return s == "CANCELLED" })
				id = c.submit(job)
			}
			c.until("the job ends", func() bool {
				s, _ := c.state(id)
				return s == "COMPLETED" || s == "FAILED" || s == "CANCELLED" || s == "TIMEOUT"
			})
			log, err := os.ReadFile(c.path(x.name + "-" + id + ".log"))
			if err != nil {
				t.Fatal(err)
			}
			if s, n := c.state(id); s != "COMPLETED" || n != x.restarts {
				t.Fatalf("job %s is %s after %d restarts, want %d\n%s", id, s, n, x.restarts, log)
			}
			if !strings.Contains(string(log), x.log) {
				t.Errorf("the log lacks %q:\n%s", x.log, log)
			}
			c.same(want, x.name)
		})
	}
}
