// Package run holds the stage that runs a program of the user's own.
//
// The program is started once for each thread of a rank, and stays for the run. It reads
// rows from its standard input, one JSON object a line, and writes one line for each to
// its standard output, in any order:
//
//	in:  {"row": 17, "text": "One.", "url": "http://example.org/"}
//	out: {"row": 17, "quality": 0.5}
//
// "row" is echoed: it tells which row is meant. It is unique among the rows that are not
// answered yet, and means nothing else. A line may have besides:
//
//   - columns that the stage adds, or changes: key adds, key changes. What is left out
//     is null, or stays;
//   - columns as they were sent, so that a program can print what it read with more in it;
//   - "keep": false, and the row goes;
//   - "error": "why", where the program cannot do the row: key on_error.
//
// Numbers, strings, true, false and null are values; objects and lists are not. NaN is no JSON, and half of a surrogate pair
// no character.
//
// A batch is some rows of one block, about 1 MiB. The next one is sent once all rows of
// a batch are answered, so a program that collects rows before it answers needs to know where a batch
// ends: with flush = true an empty line says so. Standard output must be
// flushed by then. Python does: PYTHONUNBUFFERED is set. What comes on standard error is shown.
// At the end of its input the program is to end; it is killed ten seconds later. Where the job is to stop, one that gives no
// answer for ten seconds is killed, and its block is read again by the next start.
//
// A program that dies, or gives no answer for timeout, ends the job, unless on_error is "drop". Then
// it is started again, and the rows that it has not answered are sent one at a time, up to the one that it fails at again:
// that one goes. Where it fails whatever it is sent, the job ends all the same: after 20 rows one after the other that
// it dies of, and after 3 that it does not answer, since each of those takes a whole timeout.
//
// What a program says of a row must depend on that row alone: not on rows before it, time or chance.
// Rows come in no order that the job knows, in passes after a dedup a second time, and again after a restart. Between
// text.split and text.join segments come again in each pass, also those that a stage has dropped in an earlier one.
// Then the output is the same at any number of ranks and threads. A job file that names another command is another
// job; that a script was edited is not noticed.
package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sluice/stages"
	"sluice/stages/format"
)

// Exec is the table of run.exec.
type Exec struct {
	Command   []string          `toml:"command" path:"command" doc:"program and its arguments; one with a slash counts from the job file's folder"`
	Dir       string            `toml:"dir" path:"folder" doc:"folder that the program runs in; default: that of the job file"`
	Columns   []string          `toml:"columns" doc:"what it reads; default: the text"`
	Adds      map[string]string `toml:"adds" doc:"columns that it adds, with their types: {quality = \"float\"}; also bool, int, string"`
	Changes   []string          `toml:"changes" doc:"columns of those it reads that it may change"`
	Timeout   time.Duration     `toml:"timeout" doc:"longest time without an answer, the start of the program included; the third row in a row without one ends the job"`
	OnError   string            `toml:"on_error" doc:"of a row that it dies of, does not answer or cannot do: fail the job, or drop the row"`
	Processes int64             `toml:"processes" doc:"most processes of a rank; 0 = one a thread"`
	Flush     bool              `toml:"flush" doc:"send an empty line after each batch"`
	Env       map[string]string `toml:"env" doc:"environment variables, besides those that there are"`
}

// DefaultExec fails where the program does, and waits five minutes for an answer.
func DefaultExec() Exec { return Exec{Timeout: 5 * time.Minute, OnError: "fail"} }

// NewExec returns the stage that hands rows to a program. The package comment says how.
func NewExec(c stages.Common, e Exec) ([]stages.Stage, error) {
	if len(e.Columns) == 0 {
		e.Columns = []string{c.Column}
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	s := &stage{common: c, Exec: e, log: &log{name: c.Name}, grace: stopGrace, stop: context.Background()}
	for _, name := range e.Columns {
		key := ", " + string(format.AppendString(nil, []byte(name))) + ": "
		s.fields = append(s.fields, field{name: name, text: name == c.Column, changes: slices.Contains(e.Changes, name), key: key})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Adds)) {
		s.fields = append(s.fields, field{name: name, adds: e.Adds[name]})
	}
	return []stages.Stage{s}, nil
}

// check returns all complaints.
func (e Exec) check() error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(e.Command) == 0 || e.Command[0] == "" {
		say("command is missing\ngive the program and its arguments: command = [\"python3\", \"my.py\"]")
	}
	for i, name := range e.Columns {
		switch {
		case reserved(name):
			say("columns: %q has a meaning of its own in the lines of a program\nrename the column: [read] rename = {%s = \"my_%s\"}", name, name, name)
		case slices.Contains(e.Columns[:i], name):
			say("columns: %q is there twice", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Adds)) {
		switch {
		case reserved(name) || name == "":
			say("adds: %q has a meaning of its own in the lines of a program\ngive the column another name", name)
		case slices.Contains(e.Columns, name):
			say("adds: %q is a column that it reads\nwrite changes = [%q]", name, name)
		}
		if !slices.Contains([]string{"bool", "int", "float", "string"}, e.Adds[name]) {
			say("adds: %s = %q is no type; have bool, int, float, string", name, e.Adds[name])
		}
	}
	for _, name := range e.Changes {
		if !slices.Contains(e.Columns, name) {
			say("changes: %q is not among the columns that it reads: %s", name, strings.Join(e.Columns, ", "))
		}
	}
	if e.Timeout <= 0 {
		say("timeout = \"%v\" leaves no time\nwrite a length of time such as \"5m\"", e.Timeout)
	}
	if e.OnError != "fail" && e.OnError != "drop" {
		say("on_error = %q is not known; have drop, fail", e.OnError)
	}
	if e.Processes < 0 {
		say("processes = %d is negative", e.Processes)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(e.Env[name], "\x00") {
			say("env: %q is no name of a variable, or has a zero byte in it", name)
		}
	}
	return errors.Join(errs...)
}

func reserved(name string) bool { return name == "row" || name == "keep" || name == "error" }

// A field is a column that the program reads or writes.
type field struct {
	name    string
	text    bool   // the text column
	changes bool   // may be changed
	adds    string // type, of a column that is added
	key     string // its name as it stands in a line, with what is around it
}

// A stage is run.exec on one rank. It holds the processes that nobody uses.
type stage struct {
	common stages.Common
	Exec
	fields []field
	log    *log
	slots  chan struct{} // one for each process that may run; nil = any number
	grace  time.Duration // for an answer once the rank is to stop

	answers atomic.Int64 // that its programs gave
	halted  atomic.Bool  // a program was ended because the rank is to stop

	mu     sync.Mutex
	free   []*process
	closed bool
	stop   context.Context // ends once the rank is to stop
	silent int             // rows that they did not answer in time, one after the other
	heard  int64           // answers before those
}

func (s *stage) Name() string { return s.common.Name }

func (s *stage) Columns() stages.Columns {
	c := stages.Columns{Changes: s.Changes, Kinds: map[string]stages.Kind{}}
	for _, f := range s.fields {
		switch {
		case f.adds != "":
			c.Adds = append(c.Adds, f.name)
			c.Kinds[f.name] = map[string]stages.Kind{"bool": stages.Bool, "int": stages.Int, "float": stages.Float, "string": stages.String}[f.adds]
		case f.text:
			c.Reads = append(c.Reads, stages.Need{Name: f.name, Type: stages.Text})
		default:
			c.Reads = append(c.Reads, stages.Need{Name: f.name, Type: stages.Scalars})
		}
	}
	return c
}

// Prepare sees that there is such a program. Processes start when there are rows.
func (s *stage) Prepare(context.Context) error {
	if s.Processes > 0 {
		s.slots = make(chan struct{}, s.Processes)
	}
	if info, err := os.Stat(s.Dir); s.Dir != "" && (err != nil || !info.IsDir()) {
		return fmt.Errorf("dir: no folder %s on this node\ncreate it, or name another", s.Dir)
	}
	path, err := exec.LookPath(s.Command[0])
	if errors.Is(err, exec.ErrDot) {
		return fmt.Errorf("command: %q is found in the current folder only\nwrite \"./%s\"", s.Command[0], s.Command[0])
	}
	if err != nil {
		return fmt.Errorf("command: %w on this node\nname a program in $PATH or a path with a slash; a script has to be executable, or stand after its interpreter", err)
	}
	s.Command = slices.Clone(s.Command)
	s.Command[0], err = filepath.Abs(path)
	return err
}

// External implements stages.External.
func (s *stage) External() {}

// Close ends the processes.
func (s *stage) Close() {
	s.mu.Lock()
	free := s.free
	s.free, s.closed = nil, true
	grace := closeGrace
	if s.stop.Err() != nil {
		grace = hurryGrace
	}
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range free {
		all.Go(func() { p.close(grace) })
	}
	all.Wait()
}

// take returns a process that waits for rows.
func (s *stage) take(ctx context.Context) (*process, error) {
	if s.slots != nil {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	s.mu.Lock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		s.mu.Unlock()
		return p, nil
	}
	s.mu.Unlock()
	p, err := start(&s.Exec, s.log)
	if err != nil {
		s.leave()
	}
	return p, err
}

// leave lets another process run.
func (s *stage) leave() {
	if s.slots != nil {
		<-s.slots
	}
}

// give takes back a process that waits for rows.
func (s *stage) give(p *process) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.free = append(s.free, p)
	}
	s.mu.Unlock()
	if closed {
		p.close(closeGrace)
	}
	s.leave()
}

// mostDeaths is how many rows one after the other a program may die of.
const mostDeaths = 20

// mostSilent is how many rows one after the other it may leave without an answer: each
// takes a whole time-out.
const mostSilent = 3

// unanswered notes a row that got no answer in time, and returns how many there are since the last
// answer that any process of this rank gave.
func (s *stage) unanswered() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.answers.Load(); n != s.heard {
		s.silent, s.heard = 0, n
	}
	s.silent++
	return s.silent
}

// Map hands the rows that are left to a process. Where that dies and the
// job goes on, the rows that it has not answered are tried one at a time, up to the one it dies of again;
// after one that it does not answer, until it answers. So a batch of one row is tried a second time, too.
func (s *stage) Map(ctx context.Context, b *stages.Batch) error {
	s.mu.Lock()
	s.stop = stages.Stopping(ctx)
	s.mu.Unlock()
	t := newTalk(s, b)
	alone, late, deaths := false, false, 0
	for len(t.rows) > 0 && ctx.Err() == nil {
		rows := t.rows
		if alone {
			rows = rows[:1]
		}
		err := t.exchange(ctx, rows)
		died, ok := errors.AsType[*death](err)
		t.prune()
		switch {
		case err != nil && (!ok || s.OnError != "drop"):
			return err
		case err == nil:
			alone, late, deaths = alone && !late, false, 0
		case alone:
			if deaths++; deaths == mostDeaths {
				return fmt.Errorf("%w\nthat makes %d rows one after the other", err, deaths)
			}
			if late = died.late; late && s.unanswered() >= mostSilent {
				return fmt.Errorf("%w\nthat makes %d rows one after the other without an answer: the job ends, whatever on_error says", err, mostSilent)
			}
			t.drop(rows[0], died.Error())
			t.prune()
			alone = late
		default:
			alone = true
		}
	}
	return context.Cause(ctx)
}
