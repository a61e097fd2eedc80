package run

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	closeGrace = 10 * time.Second // for a program to end after its input
	endGrace   = 5 * time.Second  // after its output
	stopGrace  = 10 * time.Second // for an answer once the rank is to stop
	hurryGrace = 2 * time.Second  // for a program to end after its input, then
	signalWait = time.Second      // for a signal that has ended the program to reach this process
	maxLine    = 1 << 30          // bytes of an answer
	tailBytes  = 2 << 10          // of standard error that an error shows
)

// A process is the program, running.
type process struct {
	cmd     *exec.Cmd
	in      *os.File
	out     *os.File
	lines   *bufio.Reader
	long    []byte // a line that is longer than the buffer of lines
	mu      sync.Mutex
	timeout time.Duration
	hurried bool // the rank is to stop
	reaped  bool
	ended   chan struct{} // closed when the process is gone
	err     error         // how it ended
	said    *tail         // the end of its standard error
	silent  chan struct{} // closed at the end of its standard error
}

// start starts the program.
func start(e *Exec, log *log) (*process, error) {
	p := &process{timeout: e.Timeout, ended: make(chan struct{}), said: &tail{}, silent: make(chan struct{})}
	var files []*os.File
	fail := func(err error) (*process, error) {
		for _, f := range files {
			f.Close()
		}
		return nil, fmt.Errorf("cannot start %s: %w\nlower threads or processes if the node is short of something", e.Command[0], err)
	}
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			return fail(err)
		}
		files = append(files, r, w)
	}
	p.in, p.out = files[1], files[2]
	p.lines = bufio.NewReaderSize(p, 1<<16)
	p.cmd = exec.Command(e.Command[0], e.Command[1:]...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = files[0], files[3], files[5]
	p.cmd.Dir, p.cmd.Env = e.Dir, environment(e)
	p.cmd.SysProcAttr = ties()
	began := make(chan error)
	go func() {
		// Linux lets a process die with the thread that started it: the thread stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		began <- err
		if err == nil {
			endGroup(p.cmd.Process.Pid)
			p.setReaped(early)
			p.err = p.cmd.Wait()
			p.setReaped(true)
			close(p.ended)
		}
	}()
	if err := <-began; err != nil {
		return fail(err)
	}
	for _, f := range []*os.File{files[0], files[3], files[5]} {
		f.Close()
	}
	go func() {
		defer close(p.silent)
		defer files[4].Close()
		p.said.read(files[4], log)
	}()
	return p, nil
}

// environment returns the variables of the process: those of this one, and what most
// programs need so as not to wait for a buffer, or to share cores.
func environment(e *Exec) []string {
	env := os.Environ()
	for _, v := range []string{"PYTHONUNBUFFERED=1", "OMP_NUM_THREADS=1"} {
		if name, _, _ := strings.Cut(v, "="); os.Getenv(name) == "" {
			env = append(env, v)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		env = append(env, name+"="+e.Env[name])
	}
	return env
}

// errLate is the end of a wait for the program.
var errLate = errors.New("no answer in time")

// hurry makes a wait for the program end after grace, those that have begun too.
func (p *process) hurry(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hurried, p.timeout = true, min(p.timeout, grace)
	_ = p.out.SetReadDeadline(time.Now().Add(p.timeout)) // it may be closed, and then nobody waits
}

// isHurried says that the rank is to stop.
func (p *process) isHurried() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hurried
}

// within sets a deadline that is the time-out away.
func (p *process) within(set func(time.Time) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return set(time.Now().Add(p.timeout))
}

// Read reads from the program, and waits for no longer than the time-out.
func (p *process) Read(b []byte) (int, error) {
	if err := p.within(p.out.SetReadDeadline); err != nil {
		return 0, err
	}
	n, err := p.out.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errLate
	}
	return n, err
}

// line returns the next line of the program, good until the next call. At the end
// of its output the error is io.EOF.
func (p *process) line() ([]byte, error) {
	line, err := p.lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		p.long = append(p.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			if len(p.long) > maxLine {
				return p.long, fmt.Errorf("a line of more than %d bytes", maxLine)
			}
			line, err = p.lines.ReadSlice('\n')
			p.long = append(p.long, line...)
		}
		line = p.long
		if cap(p.long) > 1<<20 {
			p.long = nil // one huge row is no reason to keep it
		}
	}
	if errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) > 0 {
		return line, nil
	}
	return line, err
}

// kill ends the process at once, and all its talk.
func (p *process) kill() {
	p.mu.Lock()
	if !p.reaped {
		killGroup(p.cmd.Process.Pid)
	}
	p.mu.Unlock()
	p.in.Close()
	<-p.ended
	p.out.Close()
}

// setReaped notes that the number of the process is no longer its own.
func (p *process) setReaped(is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = is
}

// close lets the process end, and kills it if it has not after grace.
func (p *process) close(grace time.Duration) {
	p.in.Close()
	go io.Copy(io.Discard, p.out) // it must not wait for us
	select {
	case <-p.ended:
	case <-time.After(grace):
	}
	p.kill()
	select {
	case <-p.silent:
	case <-time.After(endGrace):
	}
}

// last kills what is left of a process whose output has ended, and says how it ended.
func (p *process) last() string {
	select {
	case <-p.ended:
	case <-time.After(endGrace):
		p.kill()
		return "closed its output"
	}
	p.kill()
	if p.err == nil {
		return "ended"
	}
	return "ended with " + p.err.Error()
}

// signaled says that the process, which is gone, was ended by one of the signals that ask a rank to stop. Slurm and
// terminals send them to all processes of a job.
func (p *process) signaled() bool {
	exit, ok := errors.AsType[*exec.ExitError](p.err)
	if !ok {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && slices.Contains([]syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1}, status.Signal())
}

// words returns the end of what the process wrote to standard error, as lines of an error.
func (p *process) words() string {
	select {
	case <-p.silent:
	case <-time.After(endGrace): // something it has started holds it open
	}
	text := strings.TrimSpace(p.said.String())
	if text == "" {
		return "\nit wrote nothing to standard error"
	}
	return "\nthe end of its standard error:\n" + text
}

// A tail holds the end of what was written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// read takes all lines that r has, and shows them.
func (t *tail) read(r io.Reader, log *log) {
	lines := bufio.NewReaderSize(r, 4<<10)
	for {
		line, err := lines.ReadSlice('\n') // of a longer line, a part
		if len(line) > 0 {
			t.mu.Lock()
			t.text = append(t.text, line...)
			if over := len(t.text) - tailBytes; over > tailBytes {
				t.text = append(t.text[:0], t.text[over:]...)
			}
			t.mu.Unlock()
			log.show(line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.text
	if over := len(text) - tailBytes; over > 0 {
		text = text[over:]
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	}
	return string(bytes.ToValidUTF8(text, []byte("\uFFFD")))
}

// maxLog bounds what a stage shows of its programs on one rank, in bytes.
const maxLog = 64 << 10

// A log shows lines on standard error.
type log struct {
	name  string // of the stage
	mu    sync.Mutex
	shown int
}

// show shows a line, unless many were shown.
func (l *log) show(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown > maxLog {
		return
	}
	out := fmt.Appendf(nil, "%s: %s\n", l.name, bytes.ToValidUTF8(bytes.TrimRight(line, "\r\n"), []byte("\uFFFD")))
	if l.shown += len(out); l.shown > maxLog {
		out = fmt.Appendf(out, "%s: more is not shown\n", l.name)
	}
	_, _ = os.Stderr.Write(out)
}
