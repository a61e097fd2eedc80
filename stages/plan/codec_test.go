package plan_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"sluice/mpi"
	"sluice/stages/job"
	"sluice/stages/pipeline"
	"sluice/stages/plan"
	"sluice/stages/progress"
)

// A child of TestMemoryOfCodecs runs a job as the program does, and says what it took.
func TestMain(m *testing.M) {
	path := os.Getenv("SLUICE_TEST_JOB")
	if path == "" {
		os.Exit(m.Run())
	}
	j, err := job.Parse(path, catalogue(), job.Options{})
	if err == nil {
		err = j.Resolve(1, 1)
	}
	if err == nil {
		debug.SetMemoryLimit(j.Memory)
		err = mpi.Local(1, mpi.Config{}, func(c mpi.Comm) error {
			_, err := pipeline.Run(context.Background(), c, j, pipeline.Options{})
			return err
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(progress.Peak())
}

// zstdOf and parquetOf write the lines of a JSONL file in another format.
func zstdOf(t *testing.T, lines []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(lines, nil)
}

func parquetOf(t *testing.T, lines []byte) []byte {
	var out bytes.Buffer
	type row struct {
		Text string `parquet:"text"`
	}
	w := parquet.NewGenericWriter[row](&out, parquet.Compression(&parquet.Snappy))
	for line := range strings.Lines(string(lines)) {
		if _, err := w.Write([]row{{line}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What a compressed or columnar input takes is planned, roughly here: `sluice
// bench plan` measures how well, on a machine that does nothing else.
func TestMemoryOfCodecs(t *testing.T) {
	if testing.Short() {
		t.Skip("runs jobs of 24 MB")
	}
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	for text.Len() < 24<<20 {
		text.WriteString(`{"text":"`)
		for range 200 + r.IntN(200) {
			fmt.Fprintf(&text, "%05x ", r.IntN(20_000)*52)
		}
		text.WriteString("\"}\n")
	}
	lines := []byte(text.String())
	planned := map[string]int64{}
	for name, p := range map[string][]byte{"a.jsonl": lines, "a.jsonl.zst": zstdOf(t, lines), "a.parquet": parquetOf(t, lines)} {
		in := filepath.Join(dir, name)
		if err := os.WriteFile(in, p, 0o666); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".toml")
		text := fmt.Sprintf("input = %q\noutput = %q\nscratch = %q\nmemory = \"1GB\"\nthreads = 1\n[[stage]]\nuse = \"dedup.exact\"\n", in, filepath.Join(dir, "out-"+name), dir)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		j, err := job.Parse(path, catalogue(), job.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Resolve(1, 1); err != nil {
			t.Fatal(err)
		}
		made, err := plan.Make(context.Background(), j, plan.Options{Ranks: 1})
		if err != nil {
			t.Fatal(err)
		}
		planned[name] = made.Memory
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SLUICE_TEST_JOB="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		peak, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: planned %.1f MB, took %.1f MB", name, float64(made.Memory)/1e6, float64(peak)/1e6)
		if !underRace && (float64(made.Memory) > 1.6*float64(peak) || float64(peak) > 1.6*float64(made.Memory)) {
			t.Errorf("%s: planned %d bytes, took %d", name, made.Memory, peak)
		}
	}
	if plain := planned["a.jsonl"] + 8<<20; planned["a.jsonl.zst"] < plain || planned["a.parquet"] < plain {
		t.Errorf("planned %v", planned)
	}
}
