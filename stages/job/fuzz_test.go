package job

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// FuzzParse feeds any bytes as job file, as included file and as setting. All
// that may come of it are a job or mistakes, and a job has one canonical form.
func FuzzParse(f *testing.F) {
	f.Add(small+"include='b.toml'\n", "[[stage]]\nuse='text.length'\nmin=2\n", "stage.text.length.min=3")
	f.Add("output='~/x$Y${Z:-${A'\n[[source]]\nname='a'\ninput=['b']\n[read]\nrename={a='b'}\n", "include='job.toml'", "source.a.limit=1")
	f.Add("a=\"\"\"\\\"\"\"\"\n[x.'y\"'.\"z\"]\nb=[1,{c=2}, # d\n]\n[[stage]]\n[[stage.t]]\n", "\x00", "=")
	f.Add("stage=[1]\nread=1\nwrite=[[]]\njob='x'\nsource=[]\n", "memory=nan\nmax_bad=nan\nlevel=1e999", "stage.x=1")
	f.Add("", "", "a.b.c={d=1}")
	f.Fuzz(func(t *testing.T, text, include, set string) {
		all := files{"/j/job.toml": text, "/j/b.toml": include}
		j, err := Parse("/j/job.toml", catalog(), all.options(set))
		if err != nil {
			if m, ok := errors.AsType[Mistakes](err); !ok || len(m) == 0 {
				t.Fatalf("error is a %T: %v", err, err)
			}
			return
		}
		if j.Output == "" || len(j.Inputs) == 0 {
			t.Fatalf("accepted %+v", j)
		}
		again, err := Parse("/j/job.toml", catalog(), all.options(set))
		if err != nil || string(again.Canonical()) != string(j.Canonical()) {
			t.Fatalf("second reading differs: %v\n%s", err, Diff(j.Canonical(), again.Canonical()))
		}
		back, err := Recall(j.Canonical(), j.Output, catalog())
		if err != nil || string(back.Canonical()) != string(j.Canonical()) {
			t.Fatalf("recalled another job: %v", err)
		}
		if keys := parseCanonical(j.Canonical()).keys; len(slices.Compact(slices.Sorted(slices.Values(keys)))) != len(keys) {
			t.Fatalf("a key stands twice in\n%s", strings.Join(keys, "\n"))
		}
	})
}

// FuzzLines holds the line finder against the decoder: each key that was
// decoded from a line of its own has that line.
func FuzzLines(f *testing.F) {
	f.Add("a = 1", "[b]", "c = [")
	f.Add("x.y = '''", "'''", "[[z]]")
	f.Add("a = \"\"\"\"\"\"\"\"", "b = '''''''''", "# \"")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		text := strings.Join([]string{a, b, c, "zzz = 1"}, "\n")
		p := &parser{}
		root := p.decode("x", "/", text)
		if root == nil {
			return
		}
		want := strings.Count(text, "\n") + 1
		found := false
		for path, line := range lines(text) {
			if last := path[strings.LastIndexByte(path, '.')+1:]; last == "zzz" && line == want {
				found = true
			}
		}
		if !found {
			t.Fatalf("zzz is not on line %d of %q: %v", want, text, lines(text))
		}
	})
}
