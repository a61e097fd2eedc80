package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/stages"
)

type lengthConfig struct {
	Min   int     `toml:"min" doc:"least words"`
	Max   int     `toml:"max" doc:"most words"`
	Share float64 `toml:"share" doc:"a share"`
}

type exactConfig struct {
	Columns   []string `toml:"columns" doc:"what to compare"`
	Keep      string   `toml:"keep" doc:"who stays"`
	Threshold float64  `toml:"threshold"`
	From      any      `toml:"from" doc:"a number or a string"`
}

type dummy struct {
	stages.Mapper
	name   string
	config any
}

func (d dummy) Name() string { return d.name }

// catalog is what the tests read job files with.
func catalog() Catalog {
	return Catalog{
		"text.length": NewEntry("keep documents of min to max words", lengthConfig{Min: 5, Max: 100},
			func(c stages.Common, l lengthConfig) ([]stages.Stage, error) {
				var err error
				if l.Max < l.Min {
					err = fmt.Errorf("max = %d is below min = %d", l.Max, l.Min)
				}
				if l.Share > 1 {
					err = errors.Join(err, fmt.Errorf("share = %v is above 1\nwrite 0.5 for a half", l.Share))
				}
				return []stages.Stage{dummy{name: c.Name, config: l}}, err
			}).Takes("action", "score", "invert"),
		"dedup.exact": NewEntry("keep one of equal texts", exactConfig{Keep: "first", From: int64(0)},
			func(c stages.Common, e exactConfig) ([]stages.Stage, error) {
				return []stages.Stage{dummy{name: c.Name, config: e}, dummy{name: c.Name, config: e}}, nil
			}),
	}
}

// files are the texts that Parse sees instead of the disk.
type files map[string]string

func (f files) options(set ...string) Options {
	env := map[string]string{"HOME": "/home/u", "DATA": "/data", "EMPTY": ""}
	return Options{
		Set:    set,
		Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		read: func(path string) ([]byte, error) {
			if text, ok := f[path]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

func parse(text string, set ...string) (*Job, error) {
	return Parse("/j/job.toml", catalog(), files{"/j/job.toml": text}.options(set...))
}

func mustParse(t *testing.T, text string, set ...string) *Job {
	t.Helper()
	j, err := parse(text, set...)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

const small = "input = 'in'\noutput = 'out'\n"

func TestParse(t *testing.T) {
	j := mustParse(t, `
input = ["a/*.jsonl", "~/b", "$DATA/c", "${NONE:-/d}/e", "/f/../g"]
output = "${DATA}/out"
memory = "48GB"
scratch = "/tmp/x"
scratch_max = "1TiB"
threads = 3
seed = 7
watchdog = "0"
max_bad = 0
[read]
text = "body"
rename = {a = "b"}
[write]
compress = "zstd"
[[stage]]
use = "text.length"
min = 9
share = 1
[[stage]]
use = "dedup.exact"
columns = ["url"]
seed = 5
[[stage]]
use = "text.length"
action = "mark"
[job]
nodes = 64
`)
	in := j.Inputs[0]
	if got := strings.Join(in.Paths, " "); got != "/j/a/*.jsonl /home/u/b /data/c /d/e /g" {
		t.Errorf("paths are %s", got)
	}
	if j.Output != "/data/out" || j.Memory != 48e9 || j.ScratchMax != 1<<40 || j.Threads != 3 || j.Watchdog != 0 || j.MaxBad != 0 {
		t.Errorf("wrong top keys: %+v", j)
	}
	if in.Read.Text != "body" || in.Read.Rename["a"] != "b" || in.Read.Format != "auto" || j.Write.Compress != "zstd" || j.Write.Level != 3 {
		t.Errorf("wrong tables: %+v %+v", in.Read, j.Write)
	}
	if j.Job.Nodes != 64 || !j.Job.Requeue {
		t.Errorf("wrong [job]: %+v", j.Job)
	}
	names := ""
	for _, s := range j.Stages {
		names += fmt.Sprintf("%s/%s/%s/%d ", s.Common.Name, s.Common.Column, s.Common.Action, s.Common.Seed)
	}
	if names != "text.length/body/drop/7 dedup.exact/body//5 text.length-2/body/mark/7 " {
		t.Errorf("stages are %s", names)
	}
	if c := j.Stages[0].Config.(lengthConfig); c != (lengthConfig{9, 100, 1}) {
		t.Errorf("config is %+v", c)
	}
	built, err := j.Build()
	if err != nil || len(built) != 4 || built[0].(dummy).config.(lengthConfig).Min != 9 {
		t.Errorf("built %v, %v", built, err)
	}
}

func TestDefaults(t *testing.T) {
	j := mustParse(t, small)
	if j.Device != "auto" || j.MaxBad != 0.001 || j.MaxBadShards != 0.01 || j.Watchdog != 10*time.Minute ||
		j.Scratch != "/j/out/.sluice/spill" || j.Read.Text != "text" || j.Read.Sample != 1 || len(j.Stages) != 0 {
		t.Errorf("wrong defaults: %+v", j)
	}
	if err := j.Resolve(2, 2); err != nil || j.Memory < minMemory || j.Threads < 1 || j.ScratchMax <= 0 {
		t.Errorf("resolved to %+v, %v", j, err)
	}
}

func TestMistakes(t *testing.T) {
	_, err := parse(`inputt = "x"
output = 3
memory = "48"
threads = "four"
max_bad = 1.5
device = "gpu"

[read]
txet = "body"
format = "json"
limit = -1

[write]
format = "megatron"
shard_size = "1kB"
removed = "row"
level = 99

[[stage]]
use = "dedup.exakt"

[[stage]]
use = "text.length"
mni = 9
score = [
 "a", # a comment with "quotes
]

[[stage]]
name = "one"
use = "text.length"
min = 10
share = 2
max = 3

[[stage]]
name = "one"
use = "dedup.exact"
action = "drop"
when = "x > 3"

[mlflow]
uri = ""
[stages]
`)
	want := `/j/job.toml: the key "input" is missing
write input = ["FOLDER/*.jsonl"]
/j/job.toml:1: unknown key "inputt" in a job file; have device, include, input, job, max_bad, max_bad_shards, memory, output, read, scratch, scratch_max, seed, source, stage, threads, watchdog, write
did you mean "input"?
/j/job.toml:2: output: want a string, have the number 3
/j/job.toml:3: memory = 48B is less than 64MB
/j/job.toml:4: threads: want a whole number, have the string "four"
/j/job.toml:5: max_bad = 1.5 is not a share between 0 and 1
/j/job.toml:6: device = "gpu" is not known; have auto, host, cuda
/j/job.toml:9: unknown key "txet" in [read]; have add_source, columns, format, id, limit, rename, sample, strict, text
did you mean "text"?
/j/job.toml:10: format = "json" is not known; have auto, jsonl, parquet, files
did you mean "jsonl"?
/j/job.toml:11: limit = -1 is negative
/j/job.toml:14: format = "megatron" needs a tokenizer: a tokenizer.json, or a SentencePiece model
write tokenizer = "tokenizer.json"
/j/job.toml:15: shard_size = "1kB" is less than 1MB
write a size such as "512MB"
/j/job.toml:16: removed = "row" is not known; have none, ids, rows
did you mean "rows"?
/j/job.toml:17: level = 99 is not between 1 and 22
/j/job.toml:20: no stage "dedup.exakt"; have dedup.exact; "sluice stages" lists all
did you mean "dedup.exact"?
/j/job.toml:24: unknown key "mni" in stage text.length; have action, column, invert, max, min, name, score, seed, share, use, when
did you mean "min"?
/j/job.toml:25: score: want a string, have a list
/j/job.toml:33: stage one: share = 2 is above 1
write 0.5 for a half
/j/job.toml:34: stage one: max = 3 is below min = 10
/j/job.toml:37: two of the stages are named "one"
/j/job.toml:39: unknown key "action" in stage dedup.exact; have column, columns, from, keep, name, seed, threshold, use, when
/j/job.toml:42: "mlflow" is not in this version
take it out
/j/job.toml:44: unknown key "stages" in a job file; have device, include, input, job, max_bad, max_bad_shards, memory, output, read, scratch, scratch_max, seed, source, stage, threads, watchdog, write
did you mean "stage"?`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

func TestJobTableIsChecked(t *testing.T) {
	_, err := parse(small + "[job]\nnodes = 0\nqos='a'\ntime = 'soon'\n")
	if err == nil || !strings.HasPrefix(err.Error(), "/j/job.toml:4: job.nodes: 0 is less than 1\n/j/job.toml:6: job.time: ") {
		t.Errorf("got %v", err)
	}
	_, err = parse(small + "[job]\nnode = 2\n")
	if err == nil || !strings.HasSuffix(err.Error(), `did you mean "nodes"?`) {
		t.Errorf("got %v", err)
	}
}

func TestSyntaxErrorHasLine(t *testing.T) {
	_, err := parse("input = 'x'\n\noutput = what\n")
	if err == nil || !strings.HasPrefix(err.Error(), "/j/job.toml:3: ") {
		t.Errorf("got %v", err)
	}
}

func TestMemorySizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "12": 12, "1KB": 1000, "1kB": 1000, "1KiB": 1024, "1.5 GB": 15e8, "2TiB": 2 << 40, "7B": 7} {
		if s, err := ParseSize(text); err != nil || int64(s) != want {
			t.Errorf("%q is %d, %v", text, s, err)
		} else if back, err := ParseSize(s.String()); err != nil || back != s {
			t.Errorf("%q becomes %q", text, s)
		}
	}
	for _, text := range []string{"", "GB", "-1", "48G", "1e3", "0x10MB", "inf", "1.2.3MB", "99999999999999TB", "48 gb"} {
		if s, err := ParseSize(text); err == nil {
			t.Errorf("%q is taken for %d", text, s)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"out", "/j/out"}, {"~", "/home/u"}, {"~/x", "/home/u/x"}, {"a~b", "/j/a~b"}, {"$DATA", "/data"},
		{"${DATA}x", "/datax"}, {"${EMPTY:-/e}", "/e"}, {"${NONE:-${DATA}/n}/z", "/data/n/z"}, {"/a$", "/a$"}, {"/a/$5", "/a/$5"}, {"/${NONE:-}a", "/a"},
	} {
		if j := mustParse(t, fmt.Sprintf("input='in'\noutput=%q", c.in)); j.Output != c.want {
			t.Errorf("%q became %q, not %q", c.in, j.Output, c.want)
		}
	}
	for _, in := range []string{"$NONE/x", "$EMPTY/x", "${NONE}", "${DATA", "${}", "${A B}", ""} {
		if _, err := parse(fmt.Sprintf("input='in'\noutput=%q", in)); err == nil || !strings.HasPrefix(err.Error(), "/j/job.toml:2: output: ") {
			t.Errorf("%q gave %v", in, err)
		}
	}
}

func TestInclude(t *testing.T) {
	f := files{
		"/j/job.toml":    small + "include = ['base/b.toml']\nmemory='1GB'\n[read]\ntext='top'\n[[stage]]\nuse='dedup.exact'\n",
		"/j/base/b.toml": "include = '../c.toml'\nscratch='sc'\nmemory='2GB'\n[read]\nid='key'\ntext='base'\n[[stage]]\nuse='text.length'\nmin=2\n",
		"/j/c.toml":      "[[stage]]\nuse='text.length'\nmin=1\n",
	}
	j, err := Parse("/j/job.toml", catalog(), f.options("stage.text.length-2.min=3"))
	if err != nil {
		t.Fatal(err)
	}
	if j.Memory != 1e9 || j.Scratch != "/j/base/sc" || j.Read.Text != "top" || j.Read.ID != "key" {
		t.Errorf("merged to %+v", j)
	}
	if len(j.Stages) != 3 || j.Stages[0].Config.(lengthConfig).Min != 1 || j.Stages[1].Config.(lengthConfig).Min != 3 || j.Stages[2].Common.Use != "dedup.exact" {
		t.Errorf("stages are %+v", j.Stages)
	}

	f["/j/c.toml"] = "include = ['job.toml', 'missing.toml']\nmemroy = 1\n"
	_, err = Parse("/j/job.toml", catalog(), f.options())
	for _, want := range []string{
		`/j/c.toml:1: "/j/job.toml" includes itself through /j/job.toml -> /j/base/b.toml -> /j/c.toml -> /j/job.toml`,
		`/j/c.toml:1: cannot read "/j/missing.toml": file does not exist`, `/j/c.toml:2: unknown key "memroy"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in:\n%v", want, err)
		}
	}
}

func recalled(t *testing.T, j *Job) *Job {
	t.Helper()
	back, err := Recall(j.Canonical(), j.Output, catalog())
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestSources(t *testing.T) {
	j := mustParse(t, "output='o'\n[read]\nid='x'\n[[source]]\nname='wiki'\ninput='w'\nrename={article='text'}\n[[source]]\nname='cc'\ninput=['c','d']\n", "source.cc.limit=5")
	if len(j.Inputs) != 2 || j.Inputs[0].Read.Rename["article"] != "text" || j.Inputs[0].Read.ID != "x" || j.Inputs[1].Read.Text != "text" ||
		j.Inputs[1].Read.Limit != 5 || j.Inputs[1].Name != "cc" || len(j.Inputs[1].Paths) != 2 {
		t.Errorf("inputs are %+v", j.Inputs)
	}
	for source, name := range map[string]string{"wiki": "wiki", "cc": "cc", "": "wiki"} {
		if in := j.Input(&stages.Shard{Source: source}); in.Name != name {
			t.Errorf("shards of %q come from %+v", source, in)
		}
	}
	_, err := parse("output='o'\ninput='i'\n[[source]]\nname='a'\ninput='i'\n")
	if err == nil || !strings.Contains(err.Error(), "job.toml:3: input and [[source]] cannot stand together") {
		t.Error(err)
	}
	// Stages know the text of all sources by one name, and each keeps its own.
	own := mustParse(t, "output='o'\n[read]\ntext='body'\n[[source]]\nname='a'\ninput='i'\ntext='article'\n[[source]]\nname='b'\ninput='k'\n")
	for _, j := range []*Job{own, recalled(t, own)} {
		if a, b := j.Inputs[0].Read, j.Inputs[1].Read; a.Text != "body" || a.Own != "article" || b.Text != "body" || b.Own != "" {
			t.Errorf("inputs are %+v", j.Inputs)
		}
	}
	_, err = parse("output='o'\n[[source]]\nname='a'\ninput='i'\ntext=''\n")
	if err == nil || err.Error() != "/j/job.toml:5: text: a column has to have a name" {
		t.Error(err)
	}
	_, err = parse("output='o'\n[[source]]\nname='a'\nweight=2.0\n[[source]]\ninput='x'\nfoo=1\n")
	want := `/j/job.toml:3: source "a" has no input
/j/job.toml:4: weight: no stage of the job heeds it
end the job with a stage corpus.blend, or take the weights out
/j/job.toml:5: a source has no name
write name = "NAME"
/j/job.toml:7: unknown key "foo" in [[source]]; have add_source, columns, format, id, input, limit, name, rename, sample, strict, text, weight`
	if err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestSet(t *testing.T) {
	text := small + "[[stage]]\nuse='dedup.exact'\nname='near.x'\n[[stage]]\nuse='dedup.exact'\nname='near'\n"
	j := mustParse(t, text, "stage.near.threshold=0.7", `stage."near.x".threshold = 1`, "stage.near.x.columns=['url']", "write.format=parquet", `read.columns=["a", "b"]`,
		"output=sub/dir", "memory=1GB", "job.nodes=3", "stage.near.keep=max:score")
	if j.Stages[0].Config.(exactConfig).Threshold != 1 || len(j.Stages[0].Config.(exactConfig).Columns) != 1 || j.Stages[1].Config.(exactConfig).Threshold != 0.7 || j.Stages[1].Config.(exactConfig).Keep != "max:score" {
		t.Errorf("stages are %+v", j.Stages)
	}
	if j.Write.Format != "parquet" || len(j.Read.Columns) != 2 || j.Output != "/j/sub/dir" || j.Memory != 1e9 || j.Job.Nodes != 3 {
		t.Errorf("job is %+v", j)
	}
	for set, want := range map[string]string{
		"stage.naer.threshold=1": `--set stage.naer.threshold: no stage "naer"; have near.x, near` + "\n" + `did you mean "near"?`,
		"stage.near.treshold=1":  `--set stage.near.treshold: unknown key "treshold" in stage dedup.exact`,
		"read.txt=1":             `--set read.txt: unknown key "txt" in [read]`,
		"nothing":                `--set: "nothing" has no KEY=VALUE`,
		"source.a.limit=1":       `--set source.a.limit: the job file has no [[source]]`,
		"a b=1":                  `--set a b: "a b" is not a key`,
		"memory.x=1":             `--set memory.x: memory: want a size such as "48GB", have a table`,
		"output.x=1":             `--set output.x: "output" is the string "out", not a table`,
		"stage=1":                `--set stage: "stage" cannot be set as a whole`,
		"threads=x\ny=1":         `--set threads: threads: want a whole number, have the string "x\ny=1"`,
	} {
		if _, err := parse(text, set); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--set %q gave %v, want %s", set, err, want)
		}
	}
}

func TestCanonical(t *testing.T) {
	a := mustParse(t, small+"[[stage]]\nuse='text.length'\nmin=5\n")
	b := mustParse(t, "memory='1GB'\nthreads=2\nwatchdog='0'\ndevice='host'\n"+small+"include=[]\n[[stage]]\nmax=100\nuse='text.length'\n[job]\nnodes=9\n")
	if d := Diff(a.Canonical(), b.Canonical()); d != "" || string(a.Canonical()) != string(b.Canonical()) {
		t.Errorf("the same job differs:\n%s", d)
	}
	c := mustParse(t, small+"seed=1\n[read]\nlimit=5\n[[stage]]\nuse='text.length'\nmin=6\n[[stage]]\nuse='dedup.exact'\nname='d'\n")
	got := Diff(a.Canonical(), c.Canonical())
	want := `seed was 0, is 1
read.limit was 0, is 5
stages was ["text.length"], is ["text.length", "d"]
stage."text.length".seed was 0, is 1
stage."text.length".min was 5, is 6
stage.d.use is new: "dedup.exact"
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	moved := mustParse(t, "input='other'\noutput='out'\n")
	if d := Diff(mustParse(t, small).Canonical(), moved.Canonical()); d != `input was ["/j/in"], is ["/j/other"]` {
		t.Error(d)
	}
}

func TestRecall(t *testing.T) {
	for _, text := range []string{
		small,
		"input=['/a/$5/*','b']\noutput='out'\nseed=3\nmax_bad=0.5\n[read]\nid='x'\nrename={a='b \"q\"'}\n[write]\ndrop=['z']\n" +
			"[[stage]]\nname='z.y'\nuse='text.length'\nmin=7\naction='mark'\n[[stage]]\nuse='dedup.exact'\ncolumns=['u','v']\n[[stage]]\nuse='dedup.exact'\nname='z'\n",
		"output='o'\n[[source]]\nname='b.c'\ninput='w'\nid='t'\n[[source]]\nname='a'\ninput=['c','d']\n[[stage]]\nuse='text.length'\n",
	} {
		j := mustParse(t, text)
		back, err := Recall(j.Canonical(), j.Output, catalog())
		if err != nil {
			t.Fatalf("%v in\n%s", err, j.Canonical())
		}
		if d := Diff(j.Canonical(), back.Canonical()); d != "" || back.Output != j.Output {
			t.Errorf("recalled another job:\n%s", d)
		}
		if _, err := back.Build(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Recall([]byte("stages = [\"a\"]\n[stage.b]\n"), "/out", catalog()); err == nil {
		t.Error("half a job was recalled")
	}
}

// A key of several types keeps the one that it was given.
func TestAny(t *testing.T) {
	for text, want := range map[string]any{"": int64(0), "from=-3": int64(-3), "from='<'": "<", "from=true": true, "from=0.5": 0.5} {
		j := mustParse(t, small+"[[stage]]\nuse='dedup.exact'\n"+text)
		back, err := Recall(j.Canonical(), j.Output, catalog())
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range []*Job{j, back} {
			if got := j.Stages[0].Config.(exactConfig).From; got != want {
				t.Errorf("%s gives %#v, want %#v", text, got, want)
			}
		}
	}
	for text, want := range map[string]string{"from=[1]": "want a single value, have a list", "from=1999-01-01": "want a single value, have a date"} {
		if _, err := parse(small + "[[stage]]\nuse='dedup.exact'\n" + text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTableIsAJobFile(t *testing.T) {
	for name, e := range catalog() {
		text := e.Table(name)
		j := mustParse(t, small+text)
		if d := Diff(mustParse(t, small+"[[stage]]\nuse='"+name+"'\n").Canonical(), j.Canonical()); d != "" {
			t.Errorf("%s\nis not the default:\n%s", text, d)
		}
		if !strings.Contains(text, e.Doc) {
			t.Errorf("no help in\n%s", text)
		}
	}
}

func TestPlaces(t *testing.T) {
	text := "\ufeff# x\na = \"\"\"\n[no]\n\"\"\"\"\"\nb.c = [ # ]\n 1, '''\n]''',\n]\n[\"q.r\".s]\r\nt = 1\n[[u]]\n[[u]]\nv = {w = 1}\n[u.x]\ny = 2\n[[u.z]]\n[[u.z]]\nk = 'it''\n"
	text = strings.TrimSuffix(text, "'\n") + "\n"
	got := lines(text)
	for path, line := range map[string]int{"a": 2, "b": 5, "b.c": 5, "q.r.s": 9, "q.r.s.t": 10, "u[0]": 11, "u[1]": 12, "u[1].v": 13, "u[1].x": 14, "u[1].x.y": 15, "u[1].z[1]": 17, "u[1].z[1].k": 18} {
		if got[path] != line {
			t.Errorf("%s is at %d, not %d", path, got[path], line)
		}
	}
}

func TestParseReadsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "job.toml"), []byte(small), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	j, err := Parse("job.toml", catalog(), Options{})
	if err != nil || j.Output != filepath.Join(dir, "out") || string(j.Text) != small {
		t.Errorf("got %+v, %v", j, err)
	}
	if _, err = Parse("job.tml", catalog(), Options{}); err == nil || err.Error() != `job.tml: cannot read "job.tml": no such file or directory` {
		t.Error(err)
	}
}
