package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// All pairs of small corpora of every shape, counted one by one from the files,
// are those of the truth file.
func TestMadeTruthIsExact(t *testing.T) {
	for _, o := range []CorpusOptions{
		{Shape: "mixed"},
		{Shape: "mixed", Near: 0.6, Seed: 3},
		{Shape: "family", Pages: 150, Near: 0.4},
		{Shape: "family", Pages: 2100, Near: 0.1}, // too many pairs
		{Shape: "families", Families: 7, Pages: 30, Share: 0.5},
		{Shape: "copies", Pages: 40, Families: 2},
		{Shape: "copies", Pages: 100},
		{Shape: "versions", Pages: 20, Families: 3},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			dir := t.TempDir()
			m := makeCorpus(t, dir, "", 500_000, o)
			texts := readTexts(t, dir)
			truth, err := ReadTruth(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(texts) != m.documents || len(truth.Pairs) != m.pairs || len(truth.Planted) != m.planted {
				t.Errorf("%d documents, %d pairs, %d planted; said are %+v", len(texts), len(truth.Pairs), len(truth.Planted), m)
			}
			if want := cmpOr(o.Pages*max(1, o.Families), 400); len(texts) < want/4 || len(texts) > want+50 {
				t.Errorf("%d documents; want about %d", len(texts), want)
			}
			complete := o.Pages <= crowdSize || o.Shape == "family" && o.Pages < 2000
			if m.all != (o.Pages < 2000) {
				t.Errorf("all pairs of pages: %v", m.all)
			}
			checkPairs(t, texts, truth.Pairs, complete)
			if len(truth.Pairs) == 0 || len(truth.Planted) == 0 {
				t.Error("nothing is planted")
			}
		})
	}
}

func cmpOr(a, b int) int {
	if a > 0 {
		return a
	}
	return b
}

// checkPairs compares the truth with all pairs of texts.
func checkPairs(t *testing.T, texts map[int]string, truth []Pair, complete bool) {
	t.Helper()
	ids, sets := []int{}, map[int][]uint64{}
	for id, text := range texts {
		ids = append(ids, id)
		sets[id] = wordShingles(text)
	}
	slices.Sort(ids)
	listed := map[[2]int]float64{}
	for _, p := range truth {
		listed[[2]int{p.A, p.B}] = p.J
	}
	if len(listed) != len(truth) {
		t.Errorf("%d pairs are listed twice", len(truth)-len(listed))
	}
	for i, b := range ids {
		for _, a := range ids[:i] {
			said, ok := listed[[2]int{a, b}]
			if !ok && !complete {
				continue
			}
			delete(listed, [2]int{a, b})
			if j := jaccard(sets[a], sets[b]); ok && max(j-said, said-j) > 1e-6 || !ok && j >= leastJ {
				t.Fatalf("%d and %d have J %.7f; listed is %v %.7f", a, b, j, ok, said)
			}
		}
	}
	if len(listed) > 0 {
		t.Errorf("%d pairs are of no two documents", len(listed))
	}
}

// wordShingles is the definition of the truth, in the plainest words.
func wordShingles(text string) (set []uint64) {
	words := regexp.MustCompile(`[\pL\pN_]+`).FindAllString(strings.ToLower(text), -1)
	for i := 0; i == 0 || i+5 <= len(words); i++ {
		h := fnv.New64a()
		io.WriteString(h, strings.Join(words[i:min(i+5, len(words))], " "))
		set = append(set, h.Sum64())
	}
	slices.Sort(set)
	return slices.Compact(set)
}

func makeCorpus(t *testing.T, dir, corpus string, size int64, o CorpusOptions) made {
	t.Helper()
	b := &bench{Options: Options{Corpus: corpus, Size: size, Log: io.Discard}, result: &Result{}}
	m, err := b.make(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// readTexts returns the texts of a corpus by id.
func readTexts(t *testing.T, dir string) map[int]string {
	t.Helper()
	texts := map[int]string{}
	files, _ := filepath.Glob(filepath.Join(dir, "part-*.jsonl"))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in := bufio.NewScanner(f)
		in.Buffer(nil, 1<<24)
		for in.Scan() {
			var row struct{ ID, Text string }
			if err := json.Unmarshal(in.Bytes(), &row); err != nil {
				t.Fatalf("%v in %s", err, in.Bytes())
			}
			id, err := strconv.Atoi(row.ID)
			if _, twice := texts[id]; err != nil || twice {
				t.Fatalf("id %q: %v, twice: %v", row.ID, err, twice)
			}
			texts[id] = row.Text
		}
	}
	return texts
}

// The bytes of the texts are counted as those that a reader gets.
func TestMadeTextIsCounted(t *testing.T) {
	dir := t.TempDir()
	m := makeCorpus(t, dir, "", 300_000, CorpusOptions{Shape: "mixed", Near: 0.5})
	total := 0
	for _, text := range readTexts(t, dir) {
		total += len(text)
	}
	if int64(total) != m.text {
		t.Errorf("%d bytes of text; counted were %d", total, m.text)
	}
}

// The same options give the same files, another seed others.
func TestMadeCorpusIsRepeatable(t *testing.T) {
	read := func(o CorpusOptions) (all string) {
		dir := t.TempDir()
		makeCorpus(t, dir, "", 200_000, o)
		for _, name := range []string{"part-0000.jsonl", truthFile, plantedFile} {
			p, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(p)
		}
		return all
	}
	for _, shape := range []string{"mixed", "families", "versions"} {
		o := CorpusOptions{Shape: shape, Families: 5}
		first := read(o)
		if read(o) != first {
			t.Errorf("%s differs from itself", shape)
		}
		if o.Seed = 1; read(o) == first {
			t.Errorf("%s does not depend on the seed", shape)
		}
	}
}

// Repeats keep the pairs that the corpus has, and have none with each other.
func TestRepeats(t *testing.T) {
	base := t.TempDir()
	makeCorpus(t, base, "", 150_000, CorpusOptions{Shape: "mixed", Near: 0.5})
	path := filepath.Join(base, "part-0000.jsonl")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m := makeCorpus(t, dir, path, 5*info.Size()/2, CorpusOptions{})
	texts := readTexts(t, dir)
	if len(texts) != m.documents || m.documents != 3*len(readTexts(t, base)) {
		t.Errorf("%d documents", len(texts))
	}
	truth, err := ReadTruth(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkPairs(t, texts, truth.Pairs, true)
}

func TestRepeatLeavesEscapesAlone(t *testing.T) {
	in := `"Ab\n\u00e4\\n\"z9 ü"`
	if got := string(newRepeat(1, 0).text(nil, []byte(in))); got != in {
		t.Errorf("the first repeat is %s", got)
	}
	r := newRepeat(1, 1)
	want := fmt.Sprintf(`"%c%c\n\u00e4\\%c\"%c%c ü"`, r['A'], r['b'], r['n'], r['z'], r['9'])
	if got := string(r.text(nil, []byte(in))); got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestUnknownShape(t *testing.T) {
	for shape, want := range map[string]string{"mixt": `no corpus of shape "mixt"; have mixed, repeats`, "repeats": "needs --corpus"} {
		_, err := Run(t.Context(), "corpus", Options{Args: []string{t.TempDir()}, Made: CorpusOptions{Shape: shape}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", shape, err)
		}
	}
}
