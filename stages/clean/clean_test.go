package clean

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/klauspost/compress/zstd"

	"sluice/stages"
)

// build returns the stage with this name, without the family, and a table of TOML.
func build(t testing.TB, name, table string) stages.Mapper {
	t.Helper()
	made, err := construct(name, table)
	if err != nil {
		t.Fatalf("%s of %q: %v", name, table, err)
	}
	return made
}

func construct(name, table string) (stages.Mapper, error) {
	switch name {
	case "boilerplate":
		return from(table, DefaultBoilerplate(), NewBoilerplate)
	case "fasttext_label":
		return from(table, FastTextLabel{}, NewFastTextLabel)
	case "lines":
		return from(table, Lines{}, NewLines)
	case "markdown":
		return from(table, DefaultMarkdown(), NewMarkdown)
	case "newlines":
		return from(table, Newlines{}, NewNewlines)
	case "quotes":
		return from(table, Quotes{}, NewQuotes)
	case "slice":
		return from(table, DefaultSlice(), NewSlice)
	case "unicode":
		return from(table, DefaultUnicode(), NewUnicode)
	case "urls":
		return from(table, URLs{}, NewURLs)
	}
	panic("no stage " + name)
}

func from[C any](table string, config C, f func(stages.Common, C) ([]stages.Stage, error)) (stages.Mapper, error) {
	if _, err := toml.Decode(table, &config); err != nil {
		return nil, err
	}
	made, err := f(stages.Common{Name: "it", Column: "text"}, config)
	if err != nil {
		return nil, err
	}
	return made[0].(stages.Mapper), nil
}

// batch returns a batch of texts.
func batch(texts ...[]byte) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(texts))
	b.Columns = append(b.Columns, stages.Column{Name: "text", Text: texts})
	return b
}

// run returns what the stage makes of texts. A text that became nil would be a missing one.
func run(t testing.TB, s stages.Mapper, texts ...[]byte) [][]byte {
	t.Helper()
	b := batch(texts...)
	if err := s.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for i, text := range b.Columns[0].Text {
		if text == nil {
			t.Fatalf("%.100q became a missing text", texts[i])
		}
	}
	return b.Columns[0].Text
}

func runOne(t testing.TB, s stages.Mapper, text string) string {
	return string(run(t, s, []byte(text))[0])
}

// TestVectors compares with what Curator and ftfy themselves have made.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range files {
		p, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p...)
	}
	n := 0
	for line := range bytes.Lines(all) {
		var v struct{ Stage, Config, Text, Want string }
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		n++
		if got := runOne(t, build(t, v.Stage, v.Config), v.Text); got != v.Want {
			t.Errorf("%s (%s) of %.1000q: %s", v.Stage, v.Config, v.Text, firstDifference(got, v.Want))
		}
	}
	if n < 850 {
		t.Errorf("only %d vectors", n)
	}
}

func TestComplaints(t *testing.T) {
	for _, c := range []struct{ stage, table, want string }{
		{"lines", ``, "patterns is empty\nname the lines that go"},
		{"lines", `patterns = ["a", "b\nc"]`, "patterns: \"b\\nc\" holds a line feed, and no line does\ngive each line a string of its own"},
		{"fasttext_label", ``, "label is missing\ngive the label of these texts, such as \"__label__hq\""},
		{"fasttext_label", `label = "a b"`, "label = \"a b\" holds white space, which ends a label\nwrite one word"},
		{"slice", `left = 1.5`, "left = 1.5 is neither an index nor a string"},
		{"slice", `right = true`, "right = true is neither an index nor a string"},
		{"markdown", `underscores = "all"`, `underscores = "all" is unknown; have any, around words`},
		{"unicode", `unescape_html = "no"`, `unescape_html = no is unknown; have "auto", true, false`},
		{"unicode", `normalization = "nfx"`, `normalization = "nfx" is unknown; have NFC, NFD, NFKC, NFKD, or "" for none`},
		{"unicode", `max_decode_length = 0`, "max_decode_length = 0 is not positive"},
		{"markdown", `links = ""`, `links = "" is unknown; have url, words`},
	} {
		if _, err := construct(c.stage, c.table); err == nil || err.Error() != c.want {
			t.Errorf("%s with %s: %v, want %s", c.stage, c.table, err, c.want)
		}
	}
}

// all has each stage once, as the corpus is compared.
var all = []struct{ name, table string }{
	{"boilerplate", ""},
	{"fasttext_label", `label = "__label__x"`},
	{"lines", `patterns = ["", "Advertisement", "Share", "}"]`},
	{"markdown", ""},
	{"newlines", ""},
	{"quotes", ""},
	{"slice", "left = '.'\nright = 'e'\ninclude_left = false"},
	{"unicode", ""},
	{"urls", ""},
}

// One long line, and bytes that are not UTF-8, are no trouble.
func TestOddTexts(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	for _, s := range append(all, struct{ name, table string }{"markdown", "underscores = 'around words'\nlinks = 'words'"}) {
		stage := build(t, s.name, s.table)
		want := long
		switch s.name {
		case "slice":
			want = ""
		case "fasttext_label":
			want = "__label__x " + long
		}
		if got := runOne(t, stage, long); got != want {
			t.Errorf("%s changed a line of 10 MB", s.name)
		}
		for _, part := range []string{"*", "_", "[", "](", "_a ", "www.", "http://", "a\n", "\n\n", "\r\n", `"`, "\xff", "\xc3 ", "&#", "Ã", "Ã©", "Ã\u0083Â©", "â\u0080", "¶Ã", "œ", "&amp;", "uses cookies\n\n"} {
			runOne(t, stage, strings.Repeat(part, 1<<16/len(part)))
		}
		runOne(t, stage, "&"+strings.Repeat("amp;", 1<<14))
		runOne(t, stage, strings.Repeat("\x1b[", 1<<14)+strings.Repeat("m", 1<<14))
	}
}

const corpusFolder = "../../../shared/corpus"

// corpus returns the lines of the shared corpus and their texts.
func corpus(t testing.TB) (lines []byte, texts [][]byte) {
	if testing.Short() {
		t.Skip("reads the corpus")
	}
	p, err := os.ReadFile(filepath.Join(corpusFolder, "docs.jsonl.zst"))
	if err != nil {
		t.Skip("the shared corpus is not beside this clone")
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if lines, err = z.DecodeAll(p, nil); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var doc struct{ Text string }
		if err := json.Unmarshal(line, &doc); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, []byte(doc.Text))
	}
	return lines, texts
}

// TestCorpus compares all texts of the corpus with what Curator and ftfy make of them.
func TestCorpus(t *testing.T) {
	python := os.Getenv("SLUICE_CURATOR")
	if python == "" {
		t.Skip("SLUICE_CURATOR is not the path of a Python with nemo-curator and ftfy")
	}
	lines, texts := corpus(t)
	cmd := exec.Command(python, "testdata/peers.py", "corpus")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(lines), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 1<<28)
	var theirs []map[string]string
	for scanner.Scan() {
		theirs = append(theirs, nil)
		if err := json.Unmarshal(scanner.Bytes(), &theirs[len(theirs)-1]); err != nil {
			t.Fatal(err)
		}
	}
	if len(theirs) != len(texts) {
		t.Fatalf("%d texts of %d came back", len(theirs), len(texts))
	}
	for _, s := range all {
		changed, differ := 0, 0
		for i, got := range run(t, build(t, s.name, s.table), append([][]byte(nil), texts...)...) {
			want, ok := theirs[i][s.name]
			if !ok {
				want = string(texts[i])
			} else {
				changed++
			}
			if string(got) == want {
				continue
			}
			if differ++; differ <= 3 {
				t.Errorf("clean.%s of document %d: %s", s.name, i, firstDifference(string(got), want))
			}
		}
		t.Logf("clean.%s: %d of %d texts change, %d not as in Curator", s.name, changed, len(texts), differ)
	}
}

// firstDifference shows where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	show := func(s string) string { return s[max(0, i-40):min(len(s), i+60)] }
	var b strings.Builder
	for _, s := range []string{show(got), show(want)} {
		q, _ := json.Marshal(s)
		b.WriteString(" " + string(q))
	}
	return b.String()
}
