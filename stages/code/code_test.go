package code

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/scan"
)

// scoreOf rates a text; null where the filter gives no score.
func scoreOf(f stages.Filter, text string) *float64 {
	var d scan.Document
	d.Reset([]byte(text))
	if s := f.Score(&d); !math.IsNaN(s) {
		return &s
	}
	return nil
}

func filterOf(t testing.TB, use string, keys map[string]string) stages.Filter {
	switch use {
	case "code.comment_ratio":
		f := DefaultCommentRatio()
		f.Language = keys["language"]
		return f
	case "code.python_comment_ratio":
		return &pythonCommentRatio{PythonCommentRatio: DefaultPythonCommentRatio()}
	case "code.num_lines":
		return DefaultNumLines()
	case "code.xml_header":
		return DefaultXMLHeader()
	case "code.alpha":
		return DefaultAlpha()
	}
	t.Fatalf("no filter %s", use)
	return nil
}

// TestVectors holds the filters to what NeMo Curator's own code gives; testdata/vectors.py made the file.
func TestVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Use, Text string
		Keys      map[string]string
		Score     *float64
	}
	if err := json.Unmarshal(file, &rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		have := scoreOf(filterOf(t, row.Use, row.Keys), row.Text)
		if (have == nil) != (row.Score == nil) && row.Text != "" || have != nil && row.Score != nil && math.Abs(*have-*row.Score) > 1e-9 {
			t.Errorf("%s %v of %q: have %v, want %v", row.Use, row.Keys["language"], row.Text, show(have), show(row.Score))
		}
	}
}

func show(f *float64) any {
	if f == nil {
		return "none"
	}
	return *f
}

func TestHTMLBoilerplate(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for text, want := range map[string]float64{
		"<p>" + long + "</p>":                                    150.0 / 157,
		"<script>" + long + "</script>" + long:                   150.0 / 317,
		"<STYLE>" + long + "</style><title>" + long + "</title>": 150.0 / 330,
		"<noscript><b>" + long + "</b></noscript>":               150.0 / 178,
		"<!-- " + long + " -->" + long:                           150.0 / 309,
		long + "&amp;&eacute;&#233;":                             153.0 / 169,
		"<p>short</p>":                                           0,
		long + "<b":                                              150.0 / 152,
		long + "&params; &semi; &nope;":                          165.0 / 172,
		"<b> \n </b>" + long + "<pre> \n </pre>":                 154.0 / 174,
		"<ruby>" + long + "<rt>" + long + "</ruby>" + long:       300.0 / 467,
		"<p><x>" + long + "<br/>" + long + "</p>":                300.0 / 315,
	} {
		f := &htmlBoilerplate{HTMLBoilerplate: DefaultHTMLBoilerplate()}
		if have := scoreOf(f, text); have == nil || math.Abs(*have-want) > 1e-9 {
			t.Errorf("%.40q: have %v, want %v", text, show(have), want)
		}
	}
	if have := scoreOf(&htmlBoilerplate{HTMLBoilerplate: DefaultHTMLBoilerplate()}, ""); have != nil {
		t.Errorf("an empty file has score %v", *have)
	}
}

func TestPerExtension(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.csv")
	meta := "language,extension,Include,Long_line_threshold,Alphanum_threshold,Alpha filter\n" +
		"python,py,1,50,0.25,0.4\nc-sharp,cs,1,,0.9,\nc-sharp,old,0,,,\n"
	if err := os.WriteFile(path, []byte(meta), 0o644); err != nil {
		t.Fatal(err)
	}
	rate := func(lang, extension, text string) any {
		f := &perExtension{PerExtension: PerExtension{lang, extension, path}}
		if err := f.Prepare(context.Background()); err != nil {
			return err.Error()
		}
		return show(scoreOf(f, text))
	}
	for _, c := range []struct {
		lang, extension, text string
		want                  any
	}{
		{"python", "py", "import os\n", 1.0},
		{"Python", "py", "import os\n", 1.0},
		{"python", "py", strings.Repeat("a", 51), 0.0},
		{"python", "py", strings.Repeat("é", 50), 0.0}, // none of them in the ASCII class
		{"python", "py", "a" + strings.Repeat("1", 9), 0.0},
		{"python", "py", "", "none"},
		{"python", "pyx", "import os\n", 0.0},
		{"C#", "cs", strings.Repeat("a", 500), 1.0},
		{"C#", "cs", "a  a  a", 0.0},
		{"C#", "old", "a", 0.0},
		{"cobol", "cob", "a", "metadata_file " + path + ` has no language "cobol"; have c-sharp, python`},
	} {
		if have := rate(c.lang, c.extension, c.text); have != c.want {
			t.Errorf("%s.%s %.20q: have %v, want %v", c.lang, c.extension, c.text, have, c.want)
		}
	}
	if err := os.WriteFile(path, []byte("language,extension\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if have := rate("python", "py", "x"); have != "metadata_file "+path+` has no column "Include" in its first row` {
		t.Errorf("have %v", have)
	}
}

func TestComplaints(t *testing.T) {
	var c stages.Common
	for want, build := range map[string]func() ([]stages.Stage, error){
		"min_lines = 3 is negative":                      func() ([]stages.Stage, error) { return NewNumLines(c, NumLines{-3, 2}) },
		"max_lines = 2 is below min_lines = 3":           func() ([]stages.Stage, error) { return NewNumLines(c, NumLines{3, 2}) },
		"char_prefix_search_length = 0 is below 1":       func() ([]stages.Stage, error) { return NewXMLHeader(c, XMLHeader{}) },
		"min_alpha_ratio = 2 is not a share":             func() ([]stages.Stage, error) { return NewAlpha(c, Alpha{2}) },
		`language = "c++" is no MIME type`:               func() ([]stages.Stage, error) { return NewCommentRatio(c, CommentRatio{Language: "c++"}) },
		"lang is missing":                                func() ([]stages.Stage, error) { return NewPerExtension(c, PerExtension{}) },
		"min_lang_content_num_chars = -1 is negative":    func() ([]stages.Stage, error) { return NewHTMLBoilerplate(c, HTMLBoilerplate{0, -1}) },
		"max_comment_to_code_ratio = 0 is below min_com": func() ([]stages.Stage, error) { return NewPythonCommentRatio(c, PythonCommentRatio{1, 0}) },
	} {
		_, err := build()
		if want == "min_lines = 3 is negative" {
			want = "min_lines = -3 is negative"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("have %v, want %s", err, want)
		}
	}
}

// FuzzComments reads any bytes: none may crash a reader, or give a share above 1 of a text that can be read.
func FuzzComments(f *testing.F) {
	for _, text := range []string{"/* a */ // b", "<!-- a -->", "'a' # b", "def f():\n  'a'\n", "x = '''", "'\\N{", "\\", "class\f(\n", "'\\U", "\"\\"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d scan.Document
		d.Reset(text)
		for mime := range readers {
			if s := (CommentRatio{Language: mime}).Score(&d); s > 1 && s != unreadable {
				t.Errorf("%s: score %v", mime, s)
			}
		}
		filterOf(t, "code.python_comment_ratio", nil).Score(&d)
		(&htmlBoilerplate{}).Score(&d)
	})
}

// TestLongLines is quadratic, and takes minutes, if a reader looks for the end of each string anew.
func TestLongLines(t *testing.T) {
	for _, piece := range []string{`\'`, `'\"`, `"`, `'`, `/`, `/*`, `<!--`, `#`, "('", "f'\\", "\t", " ", "漢字", "😀", "((", `"'`} {
		var d scan.Document
		d.Reset([]byte("'" + strings.Repeat(piece, 1<<17)))
		for mime := range readers {
			CommentRatio{Language: mime}.Score(&d)
		}
		filterOf(t, "code.python_comment_ratio", nil).Score(&d)
		(&htmlBoilerplate{}).Score(&d)
	}
}

// TestNothingIsAllocated holds the filters to buffers that they keep.
func TestNothingIsAllocated(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	text := strings.Repeat("def f(x):\n    '''Doc of\n    f.'''\n    return x  # so\n\n", 50)
	for _, use := range []string{"code.python_comment_ratio", "code.num_lines", "code.xml_header", "code.alpha"} {
		f := filterOf(t, use, nil)
		var d scan.Document
		if n := testing.AllocsPerRun(20, func() { d.Reset([]byte(text)); f.Score(&d) }); n > 1 { // that of []byte(text)
			t.Errorf("%s allocates %v times", use, n)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	text := []byte(strings.Repeat("def f(x):\n    '''Doc of\n    f.'''\n    y = [a + 'b' for a in range(10) if a != x[\"c\"]]\n    return x  # so\n\n", 50))
	filters := map[string]stages.Filter{"html_boilerplate": &htmlBoilerplate{HTMLBoilerplate: DefaultHTMLBoilerplate()}}
	for _, use := range []string{"code.python_comment_ratio", "code.num_lines", "code.xml_header", "code.alpha"} {
		filters[use[5:]] = filterOf(b, use, nil)
	}
	for _, mime := range []string{"text/x-c++", "application/javascript", "text/html", "text/x-ruby", "text/x-shellscript", "text/x-python"} {
		filters["comment_ratio of "+mime[strings.Index(mime, "/")+1:]] = CommentRatio{Language: mime}
	}
	for name, f := range filters {
		b.Run(name, func(b *testing.B) {
			var d scan.Document
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				d.Reset(text)
				f.Score(&d)
			}
		})
	}
}
