package manifest

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// InputsFile is the name of the commit that freezes a job.
const InputsFile = "job.sluice"

// Inputs is what is fixed at the first start of a job.
type Inputs struct {
	Job   string // canonical text
	Files []InputFile
}

// Key is the Source of an InputFile that is none: Path names a key of the user's, and Size tells it from another.
const Key = "\x00key"

// An InputFile is one file of the input, in the order of the job, or one that a stage reads.
type InputFile struct {
	Source string // name of the [[source]], "" for input
	Path   string // absolute
	Size   int64
	Time   int64 // modification time, nanoseconds since 1970
}

// WriteInputs freezes the job in dir.
func WriteInputs(dir string, in Inputs) error {
	return WriteCommit(filepath.Join(dir, InputsFile), in.encode())
}

// ReadInputs returns the job that is frozen in dir; fs.ErrNotExist if none is.
func ReadInputs(dir string) (Inputs, error) {
	path := filepath.Join(dir, InputsFile)
	p, err := ReadCommit(path)
	if err != nil {
		return Inputs{}, err
	}
	in, ok := decodeInputs(p)
	if !ok {
		return Inputs{}, &DamagedError{path, commitFrame, "its payload is no list of inputs"}
	}
	return in, nil
}

// encode returns the payload of job.sluice; see FORMAT.md.
func (in Inputs) encode() []byte {
	text := func(p []byte, s string) []byte { return append(binary.AppendUvarint(p, uint64(len(s))), s...) }
	p := text(nil, in.Job)
	p = binary.AppendUvarint(p, uint64(len(in.Files)))
	for _, f := range in.Files {
		p = text(text(p, f.Source), f.Path)
		p = binary.AppendVarint(binary.AppendVarint(p, f.Size), f.Time)
	}
	return p
}

// decodeInputs is the inverse of encode.
func decodeInputs(p []byte) (in Inputs, ok bool) {
	d := decoder{p: p}
	in.Job = string(d.bytes())
	n := d.uvarint()
	const least = 4 // bytes of a file
	if n > uint64(len(d.p)/least) {
		return Inputs{}, false
	}
	in.Files = make([]InputFile, n)
	for i := range in.Files {
		in.Files[i] = InputFile{string(d.bytes()), string(d.bytes()), d.varint(), d.varint()}
	}
	if d.bad || len(d.p) > 0 {
		return Inputs{}, false
	}
	return in, true
}

// InputChanges is how the inputs of now differ from the frozen ones.
type InputChanges struct {
	Changed []InputChange // size or time is another
	Missing []InputFile
	New     []InputFile // left out of the job
}

// An InputChange is a frozen file that is now another.
type InputChange struct{ Then, Now InputFile }

// CheckInputs compares the frozen files with those that the job names now. A
// file that several sources name counts once for each.
func CheckInputs(frozen, now []InputFile) InputChanges {
	type name struct{ source, path string }
	there := make(map[name]InputFile, len(now))
	for _, f := range now {
		there[name{f.Source, f.Path}] = f
	}
	var c InputChanges
	for _, f := range frozen {
		n := name{f.Source, f.Path}
		g, ok := there[n]
		switch {
		case !ok:
			c.Missing = append(c.Missing, f)
		case f != g:
			c.Changed = append(c.Changed, InputChange{f, g})
		}
		delete(there, n)
	}
	for _, f := range now {
		if _, ok := there[name{f.Source, f.Path}]; ok {
			c.New = append(c.New, f)
		}
	}
	return c
}

const namedFiles = 5 // in messages; the rest is counted

// Err returns the refusal to go on with inputs that changed or are missing,
// or nil.
func (c InputChanges) Err() error {
	var lines []string
	for _, f := range c.Changed {
		what := "its time changed"
		if f.Then.Source == Key {
			lines = append(lines, fmt.Sprintf("  %s is another", f.Then.Path))
			continue
		}
		if f.Then.Size != f.Now.Size {
			what = fmt.Sprintf("it had %d bytes and has %d", f.Then.Size, f.Now.Size)
		}
		lines = append(lines, fmt.Sprintf("  %q: %s", f.Then.Path, what))
	}
	for _, f := range c.Missing {
		lines = append(lines, fmt.Sprintf("  %q is missing", f.Path))
	}
	if len(lines) == 0 {
		return nil
	}
	n := len(lines)
	return fmt.Errorf("%d files or keys are not those that the job began with:\n%s\nput them back, or start over with --fresh", n, head(lines))
}

// Notice says which new files are left out; "" if there are none.
func (c InputChanges) Notice() string {
	if len(c.New) == 0 {
		return ""
	}
	var lines []string
	for _, f := range c.New {
		lines = append(lines, fmt.Sprintf("  %q", f.Path))
	}
	return fmt.Sprintf("%d input files are new since the job began, and left out:\n%s", len(c.New), head(lines))
}

// head joins the first lines and counts the rest.
func head(lines []string) string {
	if n := len(lines) - namedFiles; n > 0 {
		lines = append(slices.Clone(lines[:namedFiles]), fmt.Sprintf("  and %d more", n))
	}
	return strings.Join(lines, "\n")
}
