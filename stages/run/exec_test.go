package run

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/stages"
)

// TestMain makes the test binary a program that stages can run.
func TestMain(m *testing.M) {
	if what := os.Getenv("SLUICE_TEST_PROGRAM"); what != "" {
		os.Exit(program(what))
	}
	os.Exit(m.Run())
}

// program answers lines as what says.
func program(what string) int {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<16), bufio.NewWriterSize(os.Stdout, 1<<16)
	var held []string
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return 0
		}
		if text == "\n" { // the end mark
			slices.Reverse(held)
			out.WriteString(strings.Join(held, ""))
			out.Flush()
			held = nil
			continue
		}
		var row struct {
			Row  int64   `json:"row"`
			Text *string `json:"text"`
			N    any     `json:"n"`
		}
		if what != "echo" {
			if err := json.Unmarshal([]byte(text), &row); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 9
			}
		}
		has := func(s string) bool { return row.Text != nil && strings.Contains(*row.Text, s) }
		switch what {
		case "echo":
			out.WriteString(text)
		case "length":
			fmt.Fprintf(out, "{\"row\":%d,\"n\":%d,\"keep\":%v}\n", row.Row, len(*row.Text), len(*row.Text)%3 > 0)
		case "upper":
			s, _ := json.Marshal(strings.ToUpper(*row.Text))
			fmt.Fprintf(out, "{\"text\" : %s , \"row\" : %d}\r\n\n", s, row.Row)
		case "hold":
			held = append(held, fmt.Sprintf("{\"row\":%d,\"n\":%d}\n", row.Row, len(*row.Text)))
		case "die":
			if has("poison") {
				fmt.Fprintf(os.Stderr, "Traceback\nValueError: poison in %d\n", row.Row)
				out.Flush()
				return 3
			}
			fmt.Fprintf(out, "{\"row\":%d,\"n\":1}\n", row.Row)
		case "stuck":
			if has("poison") {
				out.Flush()
				time.Sleep(time.Hour)
			}
			fmt.Fprintf(out, "{\"row\":%d,\"n\":1}\n", row.Row)
		case "error":
			if has("poison") {
				fmt.Fprintf(out, "{\"row\":%d,\"error\":\"cannot\"}\n", row.Row)
				break
			}
			fmt.Fprintf(out, "{\"row\":%d,\"n\":1}\n", row.Row)
		case "buffer": // never flushes
			fmt.Fprintf(out, "{\"row\":%d}\n", row.Row)
			continue
		case "child": // leaves a child that holds all pipes
			cmd := exec.Command("sleep", "1000")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
			if err := cmd.Start(); err != nil {
				return 8
			}
			fmt.Fprintf(os.Stderr, "child %d\n", cmd.Process.Pid)
			return 4
		default: // a literal answer
			fmt.Fprintln(out, strings.ReplaceAll(what, "ROW", strconv.FormatInt(row.Row, 10)))
		}
		if in.Buffered() == 0 {
			out.Flush()
		}
	}
}

// make makes the stage over the test program.
func makeStage(tb testing.TB, what string, change func(*Exec)) *stage {
	tb.Helper()
	e := DefaultExec()
	e.Command = []string{os.Args[0]}
	e.Env = map[string]string{"SLUICE_TEST_PROGRAM": what}
	e.Timeout = 30 * time.Second
	if change != nil {
		change(&e)
	}
	made, err := NewExec(stages.Common{Name: "own", Column: "text"}, e)
	if err != nil {
		tb.Fatal(err)
	}
	s := made[0].(*stage)
	s.log.shown = maxLog + 1 // the tests are quiet
	if err := s.Prepare(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

func batchOf(texts ...string) *stages.Batch {
	b := stages.NewBatch(&stages.Shard{Name: "a.jsonl"}, &stages.Block{Index: 7}, 100, len(texts))
	c := stages.Column{Name: "text"}
	for _, s := range texts {
		c.Text = append(c.Text, []byte(s))
	}
	b.Columns = append(b.Columns, c)
	return b
}

var list = []string{"", "one", "one two", "no newline", "line\nline\n", " \t\n", "日本語", "😀 \"quoted\" \\ / \x01"}

// huge is a line of 10 MB.
var huge = strings.Repeat("x", 10<<20)

func TestAnswers(t *testing.T) {
	s := makeStage(t, "length", func(e *Exec) { e.Adds = map[string]string{"n": "int"} })
	for range 3 { // the process stays
		b := batchOf(list...)
		b.Drop(2)
		if err := s.Map(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i, text := range list {
			v := b.Column("n").Values[i]
			if i == 2 {
				if v.Kind != stages.Null || b.Keep[i] {
					t.Errorf("row 2 was gone, and is %v", v)
				}
				continue
			}
			if v.Int != int64(len(text)) || b.Keep[i] != (len(text)%3 > 0) {
				t.Errorf("row %d: n is %v, kept %v, of %d bytes", i, v, b.Keep[i], len(text))
			}
		}
	}
	if len(s.free) != 1 {
		t.Errorf("%d processes for one thread", len(s.free))
	}
}

func TestChangesText(t *testing.T) {
	list := append(slices.Clone(list), huge)
	s := makeStage(t, "upper", func(e *Exec) { e.Changes = []string{"text"} })
	b := batchOf(list...)
	if err := s.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	c := b.Column("text")
	for i, text := range list {
		if want := strings.ToUpper(text); string(c.Text[i]) != want {
			t.Errorf("row %d is %.20q, want %.20q", i, c.Text[i], want)
		} else if c.Changed[i] != (want != text) {
			t.Errorf("row %d: changed is %v", i, c.Changed[i])
		}
	}
}

// What is printed as it came changes nothing, whatever it holds.
func TestEcho(t *testing.T) {
	s := makeStage(t, "echo", func(e *Exec) { e.Columns = []string{"text", "v", "body.x"}; e.Changes = []string{"v"} })
	b := batchOf(list...)
	v := b.Add("v")
	copy(v.Values, []stages.Scalar{{}, {Kind: stages.Bool}, {Kind: stages.Bool, Int: 1}, {Kind: stages.Int, Int: -1 << 63}, {Kind: stages.Float, Float: 0.1},
		{Kind: stages.Float, Float: 3}, {Kind: stages.String, Str: []byte("é\u2028\x7f")}, {Kind: stages.String}})
	b.Add("body.x")
	if err := s.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Columns {
		if c.Changed != nil {
			t.Errorf("column %s is changed: %v", c.Name, c.Changed)
		}
	}
	if b.Live() != len(list) {
		t.Errorf("%d rows are left", b.Live())
	}
}

// A program may hold rows until the end of the batch, and answer in any order.
func TestFlush(t *testing.T) {
	s := makeStage(t, "hold", func(e *Exec) { e.Flush = true; e.Adds = map[string]string{"n": "float"} })
	for n := range 4 {
		b := batchOf(slices.Repeat(list, n)...)
		if err := s.Map(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i, text := range slices.Repeat(list, n) {
			if v := b.Column("n").Values[i]; v.Kind != stages.Float || v.Float != float64(len(text)) {
				t.Errorf("row %d: %v", i, v)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	rows := []string{"good", "good", "poison here", "good"}
	for _, c := range []struct {
		what string
		want []string // parts of the error
	}{
		{"die", []string{"ended with exit status 3", "row 102, in a.jsonl not answered", `its text: "poison here"`, "the end of its standard error:\nTraceback\nValueError: poison in 102"}},
		{"error", []string{"cannot do row 102, in a.jsonl: cannot\n", `on_error = "drop"`}},
		{"stuck", []string{"gave no answer for 3s", "row 102", "wrote nothing to standard error", "flushes its output"}},
		{"buffer", []string{"gave no answer for 100ms", "row 100"}},
		{"loading model...", []string{"gave a wrong answer: this is no JSON object on one line: loading model...\n", "standard output is for answers"}},
		{`{"row": ROW, "n": NaN}`, []string{`"n" is NaN, which JSON does not have`, "write null"}},
		{`{"row": ROW, "n": "x"}`, []string{`column "n" is no int`}},
		{`{"row": ROW, "m": 1}`, []string{`column "m" is none that the stage adds or changes`, `adds = {m = "TYPE"}`}},
		{`{"row": ROW, "text": "other"}`, []string{`column "text" is not as it was sent`, `changes = ["text"]`}},
		{`{"row": ROW, "keep": 0}`, []string{"keep is neither true nor false"}},
		{`{"row": 100}`, []string{"row 100 is answered twice"}},
		{`{"row": 99}`, []string{"row 99 was not asked about"}},
		{`{"row": 1e2}`, []string{`"row" is no whole number`}},
		{`{}`, []string{`there is no "row"`}},
		{"{\"row\": ROW}\n{\"row\": 1}", []string{`row 1 was not asked about`}},
		{`{"row": ROW, "n": [1]}`, []string{`"n" is an object or a list`, "json.dumps"}},
		{"{\"row\": ROW, \"n\": \"\xff\"}", []string{"a string is not UTF-8"}},
		{`{"text": "\ud83d", "row": ROW}`, []string{"wrong answer: of row 100, in a.jsonl a string has half of a surrogate pair", `"\ufffd" in its place`}},
		{`{"text": "\ude00\ud83d", "row": ROW}`, []string{"of row 100, in a.jsonl a string has half"}},
		{`{"text": "\ud83dx", "row": ROW}`, []string{"of row 100, in a.jsonl a string has half"}},
		{`{"text": "\ud83d\ude00", "row": ROW}`, []string{`column "text" is not as it was sent`}},
		{`{"row": ROW, "n": 1, "n": 2}`, []string{`"n" is there twice`}},
	} {
		s := makeStage(t, c.what, func(e *Exec) { e.Adds = map[string]string{"n": "int"}; e.Timeout = 30 * time.Second })
		switch c.what {
		case "stuck": // it has to be up by then
			s.Timeout = 3 * time.Second
		case "buffer":
			s.Timeout = 100 * time.Millisecond
		}
		err := s.Map(context.Background(), batchOf(rows...))
		if err == nil {
			t.Errorf("%s: no error", c.what)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", c.what, err, want)
			}
		}
	}
}

// Of a segment, the row that was split is named, and which of its segments it is.
func TestFailureOfSegment(t *testing.T) {
	parts := batchOf("whole", "poison").Parts([]int{3, 2})
	err := makeStage(t, "die", func(e *Exec) { e.Adds = map[string]string{"n": "int"} }).Map(context.Background(), parts)
	if want := "row 101, segment 0, in a.jsonl not answered"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// Rows that the program fails at go, and no others.
func TestOnErrorDrop(t *testing.T) {
	var rows []string
	for i := range 300 {
		rows = append(rows, fmt.Sprint("good ", i))
		if i%97 == 5 || i == 299 {
			rows[i] = "poison"
		}
	}
	for _, what := range []string{"die", "error"} {
		s := makeStage(t, what, func(e *Exec) { e.Adds, e.OnError = map[string]string{"n": "int"}, "drop" })
		b := batchOf(rows...)
		if err := s.Map(context.Background(), b); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for i, text := range rows {
			if good := text != "poison"; b.Keep[i] != good || (b.Column("n").Values[i].Int == 1) != good {
				t.Errorf("%s: row %d (%s): kept %v", what, i, text, b.Keep[i])
			}
		}
	}
	s := makeStage(t, "die", func(e *Exec) { e.Adds, e.OnError = map[string]string{"n": "int"}, "drop" })
	err := s.Map(context.Background(), batchOf(slices.Repeat([]string{"poison"}, 30)...))
	if err == nil || !strings.Contains(err.Error(), "that makes 20 rows one after the other") {
		t.Errorf("a program that always dies: %v", err)
	}
}

// stuckScript notes that it was started, and does not answer rows with poison in them.
const stuckScript = `echo x >>"$STARTS"
while IFS= read -r line; do
	row=${line#*: }
	case $line in
	*poison*) sleep 1000 ;;
	*) echo "{\"row\": ${row%%,*}}" ;;
	esac
done`

// Rows that get no answer go, each after a time-out, and the program is started again. If it answers none, the job ends soon:
// however few rows a batch has.
func TestNoAnswer(t *testing.T) {
	starts := filepath.Join(t.TempDir(), "starts")
	stuck := func() *stage {
		_ = os.Remove(starts) // of the case before
		return makeStage(t, "", func(e *Exec) {
			e.Command, e.OnError, e.Timeout = []string{"sh", "-c", stuckScript}, "drop", 700*time.Millisecond
			e.Env = map[string]string{"STARTS": starts}
		})
	}
	started := func(want int) {
		t.Helper()
		p, err := os.ReadFile(starts)
		if n := bytes.Count(p, []byte("x")); err != nil || n != want {
			t.Errorf("the program was started %d times, want %d: %v", n, want, err)
		}
	}
	rows := []string{"good", "poison", "poison", "good", "good", "good"}
	b := batchOf(rows...)
	s := stuck()
	if err := s.Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for i, text := range rows {
		if b.Keep[i] != (text == "good") {
			t.Errorf("row %d (%s): kept %v", i, text, b.Keep[i])
		}
	}
	started(4) // the last one answers the rest
	s = stuck()
	err := s.Map(context.Background(), batchOf(slices.Repeat([]string{"poison"}, 30)...))
	for _, want := range []string{"gave no answer for 700ms", "sh -c", "row 102, in a.jsonl", "\nraise timeout, or see that", "that makes 3 rows one after the other without an answer"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a program that never answers: %v, want %q", err, want)
		}
	}
	started(4) // for all rows, and one at a time
	s = stuck()
	for i, text := range []string{"poison", "good", "poison", "poison", "poison"} {
		if err := s.Map(context.Background(), batchOf(text)); (err != nil) != (i == 4) {
			t.Errorf("batch %d: %v", i, err)
		}
	}
}

// onceScript fails at the first row that it is given, and after that at poison alone.
const onceScript = `echo x >>"$STARTS"
while IFS= read -r line; do
	if [ ! -e "$STARTS.failed" ]; then
		: >"$STARTS.failed"
		FAIL
	fi
	row=${line#*: }
	case $line in
	*poison*) FAIL ;;
	*) echo "{\"row\": ${row%%,*}}" ;;
	esac
done`

// The row of a batch of one is tried a second time, too.
func TestOneRowAgain(t *testing.T) {
	for _, fail := range []string{"exit 3", "sleep 1000"} {
		starts := filepath.Join(t.TempDir(), "starts")
		s := makeStage(t, "", func(e *Exec) {
			e.Command, e.OnError, e.Timeout = []string{"sh", "-c", strings.ReplaceAll(onceScript, "FAIL", fail)}, "drop", time.Second
			e.Env = map[string]string{"STARTS": starts}
		})
		for i, text := range []string{"good", "poison", "good"} {
			b := batchOf(text)
			if err := s.Map(context.Background(), b); err != nil || b.Keep[0] != (text == "good") {
				t.Errorf("%s: batch %d (%s): kept %v, %v", fail, i, text, b.Keep[0], err)
			}
		}
		if p, err := os.ReadFile(starts); err != nil || bytes.Count(p, []byte("x")) != 4 {
			t.Errorf("%s: the program was started as %q says, want 4 times: %v", fail, p, err)
		}
	}
}

// Many threads share the processes that there are.
func TestThreads(t *testing.T) {
	s := makeStage(t, "length", func(e *Exec) { e.Adds, e.Processes = map[string]string{"n": "int"}, 2 })
	var all sync.WaitGroup
	for k := range 8 {
		all.Go(func() {
			for range 5 {
				b := batchOf(list...)
				b.First = int64(k * 1000)
				if err := s.Map(context.Background(), b); err != nil {
					t.Error(err)
				}
				for i, text := range list {
					if v := b.Column("n").Values[i]; v.Int != int64(len(text)) {
						t.Errorf("row %d: %v", i, v)
					}
				}
			}
		})
	}
	all.Wait()
	if n := len(s.free); n > 2 {
		t.Errorf("%d processes", n)
	}
}

// At the end of the run, and of a context, no process is left: no zombie, and none that it started.
func TestNothingIsLeft(t *testing.T) {
	s := makeStage(t, "stuck", nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	time.AfterFunc(200*time.Millisecond, func() { cancel(why) })
	if err := s.Map(ctx, batchOf("poison")); !errors.Is(err, why) {
		t.Errorf("canceled: %v", err)
	}
	s = makeStage(t, "echo", nil)
	if err := s.Map(context.Background(), batchOf("a")); err != nil {
		t.Fatal(err)
	}
	pid := s.free[0].cmd.Process.Pid
	s.Close()
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	s = makeStage(t, "child", nil)
	err := s.Map(context.Background(), batchOf("a"))
	if err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Fatalf("error %v", err)
	}
	_, text, _ := strings.Cut(err.Error(), "child ")
	fmt.Sscan(text, &pid)
	for range 100 { // its new parent has to reap it
		if state := stateOf(pid); state == "" || state == "Z" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("child %d is still there, in state %s", pid, stateOf(pid))
}

// stateOf returns the letter of a process's state, "" if there is none.
func stateOf(pid int) string {
	p, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(p), ") ")
	return rest[:1]
}

func TestRefuses(t *testing.T) {
	for want, e := range map[string]Exec{
		"command is missing":                       {},
		`columns: "row" has a meaning of its own`:  {Columns: []string{"row"}},
		`columns: "a" is there twice`:              {Columns: []string{"a", "a"}},
		`adds: "keep" has a meaning`:               {Adds: map[string]string{"keep": "bool"}},
		`adds: "text" is a column that it reads`:   {Adds: map[string]string{"text": "string"}},
		`adds: x = "number" is no type; have bool`: {Adds: map[string]string{"x": "number"}},
		`changes: "url" is not among the columns`:  {Changes: []string{"url"}},
		`timeout = "0s" leaves no time`:            {},
		`on_error = "skip" is not known`:           {OnError: "skip"},
		`processes = -1 is negative`:               {Processes: -1},
		`env: "A=B" is no name`:                    {Env: map[string]string{"A=B": ""}},
	} {
		if _, err := NewExec(stages.Common{Column: "text"}, e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	e := DefaultExec()
	e.Command = []string{"no-such-program"}
	made, err := NewExec(stages.Common{Column: "text"}, e)
	if err != nil {
		t.Fatal(err)
	}
	if err := made[0].(*stage).Prepare(context.Background()); err == nil || !strings.HasPrefix(err.Error(), `command: exec: "no-such-program"`) {
		t.Errorf("error %v", err)
	}
}

// The end of standard error is what an error shows, however much there was.
func TestTail(t *testing.T) {
	var s bytes.Buffer
	for i := range 5000 {
		fmt.Fprintln(&s, "line", i)
	}
	s.WriteString("last")
	var said tail
	said.read(&s, &log{shown: maxLog + 1})
	if text := said.String(); len(text) > tailBytes || !strings.HasSuffix(text, "\nline 4999\nlast") || !strings.HasPrefix(text, "line ") {
		t.Errorf("%d bytes: %.20q", len(text), text)
	}
}

// FuzzAnswer holds the reader of answers to encoding/json.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"row": 1, "s": "a\n\u00e9\ud83d\ude00\ud83d", "x": -1.5e3}`, `{}`, `{"a":"\\","b":null,"c":true}`, `{"a" : "" ,"b":[1]}`, `{"a":1}}`, `{"a":01}`, `{"a":"` + "\x01" + `"}`, `["a"]`, `{"a":tru}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var a answer
		err := a.parse(line)
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		valid := json.Valid(line) && d.Decode(&want) == nil && want != nil
		if err == nil && !valid {
			t.Fatalf("%q was taken, as %v", line, a.members)
		}
		if err != nil {
			return
		}
		if len(a.members) != len(want) {
			t.Fatalf("%q has %d members, want %d", line, len(a.members), len(want))
		}
		for _, m := range a.members {
			switch x := want[string(m.key)].(type) {
			case nil:
				if m.kind != stages.Null {
					t.Errorf("%q: %v, want null", m.key, m.value)
				}
			case bool:
				if m.kind != stages.Bool || (m.value.Int == 1) != x {
					t.Errorf("%q: %v, want %v", m.key, m.value, x)
				}
			case string:
				if m.kind != stages.String || string(m.value.Str) != x {
					t.Errorf("%q: %q, want %q", m.key, m.value.Str, x)
				}
			case json.Number:
				y, _ := x.Float64()
				if n, err := x.Int64(); err == nil && m.kind == stages.Int && m.value.Int == n || m.kind == stages.Float && m.value.Float == y {
					break
				}
				t.Errorf("%q: %v, want %v", m.key, m.value, x)
			}
		}
	})
}

// BenchmarkExec counts rows of 1 KB that go to a program and come back, without and with an interpreter.
func BenchmarkExec(b *testing.B) {
	script := filepath.Join(b.TempDir(), "echo.py")
	text := "import json, sys\nfor line in sys.stdin:\n    row = json.loads(line)\n    print(json.dumps({'row': row['row'], 'n': len(row['text'])}))\n"
	if err := os.WriteFile(script, []byte(text), 0o666); err != nil {
		b.Fatal(err)
	}
	for name, command := range map[string][]string{"go": {os.Args[0]}, "cat": {"cat"}, "python": {"python3", script}} {
		b.Run(name, func(b *testing.B) {
			if _, err := exec.LookPath(command[0]); err != nil {
				b.Skip(err)
			}
			s := makeStage(b, "echo", func(e *Exec) { e.Command, e.Adds = command, map[string]string{"n": "int"} })
			rows := slices.Repeat([]string{strings.Repeat("Some words of a text.\n", 45)}, 1000)
			b.SetBytes(int64(len(rows) * len(rows[0])))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Map(context.Background(), batchOf(rows...)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
