package fasttext

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// program runs the fasttext program, or skips the test where there is none.
func program(t testing.TB, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("fasttext")
	if err != nil {
		t.Skip("the fasttext program is not here: apt-get install fasttext")
	}
	cmd := exec.Command(path, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, complaint.String())
	}
	return out.String()
}

// agree holds our predictions of the lines of a text to what the program printed
// for them: LABEL PROBABILITY LABEL PROBABILITY ..., with six digits.
func agree(t *testing.T, m *Model, lines []string, printed string, k int) {
	t.Helper()
	in := bufio.NewScanner(strings.NewReader(printed))
	in.Buffer(nil, 1<<20)
	var got []Prediction
	wrong, last := 0, 0
	for i, line := range lines {
		if !in.Scan() {
			t.Fatalf("the program printed %d lines for %d", i, len(lines))
		}
		got = m.Predict(got[:0], []byte(line), k)
		want := strings.Fields(in.Text())
		ok := len(want) == 2*len(got)
		for j, p := range got {
			if !ok {
				break
			}
			probability := parseFloat(t, want[2*j+1])
			// Six digits of a float32 that is off by one unit differ once in a while, in the last digit.
			digits := parseFloat(t, strconv.FormatFloat(float64(p.Probability), 'g', 6, 64))
			if digits != probability {
				last++
			}
			ok = want[2*j] == m.Labels()[p.Label] && math.Abs(digits-probability) <= 1.001e-5*probability
		}
		if !ok {
			if wrong++; wrong < 4 {
				t.Errorf("%.60q: %v, the program says %s", line, show(m, got), in.Text())
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d lines differ", wrong, len(lines))
	}
	if last > len(lines)*min(k, len(m.Labels()))/500 {
		t.Errorf("%d of the probabilities are printed otherwise", last)
	}
	t.Logf("%d lines, %d labels each: %d of the probabilities are printed otherwise", len(lines), k, last)
}

func parseFloat(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func show(m *Model, list []Prediction) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "%s %v ", m.Labels()[p.Label], p.Probability)
	}
	return b.String()
}

// kinds are the kinds of models, by the arguments that they are trained with.
var kinds = []struct{ name, train, quantize string }{
	{"softmax", "-dim 8 -minn 2 -maxn 3 -bucket 300 -wordNgrams 2 -loss softmax", ""},
	{"hierarchical", "-dim 8 -minn 1 -maxn 4 -bucket 300 -loss hs", ""},
	{"onevsall", "-dim 9 -minn 3 -maxn 3 -bucket 200 -wordNgrams 3 -loss ova", ""},
	{"negative", "-dim 4 -minn 2 -maxn 2 -bucket 100 -loss ns", ""},
	{"words", "-dim 10 -loss softmax", ""},
	{"wide", "-dim 125 -minn 2 -maxn 3 -bucket 50 -loss softmax", ""},
	{"quantised", "-dim 7 -minn 2 -maxn 3 -bucket 500 -wordNgrams 2 -loss softmax", "-qnorm"},
	{"plainly", "-dim 5 -minn 2 -maxn 3 -bucket 500 -loss hs", ""},
	{"pruned", "-dim 8 -minn 2 -maxn 4 -bucket 2000 -loss hs", "-qnorm -cutoff 400 -retrain -epoch 1"},
	{"output", "-dim 4 -minn 2 -maxn 2 -bucket 300 -loss softmax", "-qnorm -qout"},
}

// TestPeer trains a model of each kind with the fasttext program, and agrees with it. With SLUICE_FASTTEXT_WRITE=yes
// small ones become the vectors in testdata.
func TestPeer(t *testing.T) {
	dir := t.TempDir()
	lines := testLines()
	write(t, dir+"/lines", strings.Join(lines, "\n")+"\n")
	write(t, dir+"/few", strings.Join(training(6, 60), "\n")+"\n")
	write(t, dir+"/many", strings.Join(training(260, 2), "\n")+"\n")
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			out, text, name := dir+"/"+kind.name, dir+"/few", ".bin"
			if kind.name == "output" {
				text = dir + "/many"
			}
			args := append([]string{"supervised", "-input", text, "-output", out, "-thread", "1", "-epoch", "4", "-lr", "0.5"}, strings.Fields(kind.train)...)
			program(t, args...)
			if kind.quantize != "" || kind.name == "plainly" {
				program(t, append([]string{"quantize", "-input", text, "-output", out, "-thread", "1"}, strings.Fields(kind.quantize)...)...)
				name = ".ftz"
			}
			m, err := Open(out + name)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []int{1, 3, 1000} {
				printed := program(t, "predict-prob", out+name, dir+"/lines", strconv.Itoa(k))
				agree(t, m, lines, printed, k)
				if os.Getenv("SLUICE_FASTTEXT_WRITE") == "yes" && kind.name != "wide" && k == 3 {
					write(t, "testdata/"+kind.name+".txt", printed)
					data, _ := os.ReadFile(out + name)
					write(t, "testdata/"+kind.name+name, string(data))
				}
			}
		})
	}
}

// TestVectors agrees with what the program has printed for models that it has trained.
func TestVectors(t *testing.T) {
	for _, kind := range kinds {
		list, _ := filepath.Glob("testdata/" + kind.name + ".[bf]*")
		if kind.name == "wide" {
			continue
		}
		if len(list) != 1 {
			t.Fatalf("there are %d models %q in testdata", len(list), kind.name)
		}
		t.Run(kind.name, func(t *testing.T) {
			m, err := Open(list[0])
			if err != nil {
				t.Fatal(err)
			}
			printed, err := os.ReadFile("testdata/" + kind.name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			agree(t, m, testLines(), string(printed), 3)
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCorpus compares a model named by the user on lines named by the user: SLUICE_FASTTEXT="MODEL LINES".
func TestCorpus(t *testing.T) {
	names := strings.Fields(os.Getenv("SLUICE_FASTTEXT"))
	if len(names) != 2 {
		t.Skip(`compares what SLUICE_FASTTEXT="MODEL LINES" names`)
	}
	m, err := Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(names[1])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, k := range []int{1, 5} {
		agree(t, m, lines, program(t, "predict-prob", names[0], names[1], strconv.Itoa(k)), k)
	}
}
