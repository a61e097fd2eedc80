package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/manifest"
)

// CheckOutput refuses an output folder, and folders for sketches, that [Run] would refuse, in its words. It touches
// nothing. That OUT holds a job is no mistake. fresh says that the run would start over.
func CheckOutput(j *job.Job, fresh bool) error {
	made, err := j.Build()
	if err != nil {
		return err
	}
	defer stages.Close(made)
	r := &run{job: j, stages: made, opt: Options{Fresh: fresh}, dir: filepath.Join(j.Output, ".sluice")}
	if err := r.checkPlace(); err != nil {
		return &JobError{err}
	}
	if err := r.checkEmpty(); err != nil {
		return err
	}
	return r.checkSaving()
}

// checkPlace refuses an OUT that is, holds or lies in a folder that an input
// is read from: a second start would read what the first wrote. Beside a file that is
// named as such it may lie.
func (r *run) checkPlace() error {
	out := realPath(r.job.Output)
	if info, err := os.Stat(out); err == nil && !info.IsDir() {
		return fmt.Errorf("output %q is a file\nchoose a new or empty folder", r.job.Output)
	}
	for dir := filepath.Dir(out); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			return fmt.Errorf("output %q lies below %q, which is a file\nchoose another output", r.job.Output, dir)
		}
	}
	for _, in := range r.job.Inputs {
		for _, p := range in.Paths {
			if err := apart(out, p, fmt.Sprintf("output %q", r.job.Output), "choose an output"); err != nil {
				return err
			}
		}
	}
	return nil
}

// apart refuses a folder that is written where it is, holds or lies in what an input is read from. what is the folder, and choose the
// remedy, in messages.
func apart(path, input, what, choose string) error {
	folder, whole := inputFolder(input)
	folder = realPath(folder)
	switch {
	case path == folder && whole:
		return fmt.Errorf("%s is a folder that input %q is read from\n%s of its own", what, input, choose)
	case within(folder, path):
		return fmt.Errorf("%s holds input %q\n%s of its own", what, input, choose)
	case whole && within(path, folder):
		return fmt.Errorf("%s lies in a folder that input %q is read from\n%s outside of %s", what, input, choose, folder)
	}
	return nil
}

// inputFolder returns the folder that an input is read from, and whether
// more than one named file is.
func inputFolder(pattern string) (folder string, whole bool) {
	if i := strings.IndexAny(pattern, "*?["); i >= 0 {
		return filepath.Dir(pattern[:i] + "x"), true
	}
	if info, err := os.Stat(pattern); err == nil && info.IsDir() {
		return pattern, true
	}
	return pattern, false
}

// within says that path lies below folder.
func within(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

// realPath resolves the symbolic links of as much of a path as exists.
func realPath(path string) string {
	for head, tail := path, ""; ; head, tail = filepath.Dir(head), filepath.Join(filepath.Base(head), tail) {
		if real, err := filepath.EvalSymlinks(head); err == nil {
			return filepath.Join(real, tail)
		}
		if head == filepath.Dir(head) {
			return path
		}
	}
}

// newOutput makes OUT, or accepts it if it is empty or ours.
func (r *run) newOutput() error {
	if err := r.checkEmpty(); err != nil {
		return err
	}
	return diskError(os.MkdirAll(r.dir, 0o777))
}

// checkEmpty refuses an OUT that is neither empty nor ours.
func (r *run) checkEmpty() error {
	list, err := os.ReadDir(r.job.Output)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &JobError{fmt.Errorf("output: %w", err)}
	}
	if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) && len(list) > 0 {
		return &JobError{fmt.Errorf("output %q is not empty and holds no job: %q\nchoose a new or empty folder", r.job.Output, list[0].Name())}
	}
	return nil
}

// outputFolders are the folders in OUT that a job writes for people.
func outputFolders() []string { return []string{"data", "duplicates", "removed", statsFolder} }

// clear removes what earlier runs made in OUT, and nothing else. The lock stays.
// Killed on the way, it leaves a job that is not done, or none: what says that
// something is there goes before the thing itself.
func (r *run) clear() error {
	if err := manifest.RemoveCommit(filepath.Join(r.dir, doneFile)); err != nil {
		return err
	}
	list, err := os.ReadDir(r.dir)
	if err != nil {
		return diskError(err)
	}
	remove := func(from string, names ...string) {
		for _, name := range names {
			err = errors.Join(err, os.RemoveAll(filepath.Join(from, name)))
		}
	}
	var journals, rest []string
	for _, e := range list {
		switch name := e.Name(); {
		case name == lockFolder:
		case strings.HasPrefix(name, "round-"):
			remove(r.dir, name)
		case strings.HasPrefix(name, "journal-"):
			journals = append(journals, name)
		default:
			rest = append(rest, name)
		}
	}
	remove(r.dir, "segments", "parts")
	remove(r.dir, journals...)
	if err == nil {
		remove(r.job.Output, append(outputFolders(), "report.json", "report.html")...)
	}
	if err != nil {
		return diskError(err)
	}
	remove(r.dir, append([]string{manifest.InputsFile}, rest...)...)
	return diskError(err)
}

// checkNames refuses shards whose outputs would collide.
func (r *run) checkNames(shards []stages.Shard) error {
	if r.removed != nil {
		if err := format.CheckNames(shards, r.removed); err != nil {
			return &JobError{fmt.Errorf("removed rows: %w", err)}
		}
	}
	sinks, err := r.makeSinks(shards)
	if err != nil || len(sinks) == 0 {
		return err
	}
	if r.mover != nil && r.mixes() {
		return r.checkFormats(shards) // names are numbers
	}
	if err := format.CheckNames(shards, namer{sinks: sinks}); err != nil {
		return &JobError{err}
	}
	return nil
}

// mixes says that the mover may put rows of several input shards into one output shard. Without a size,
// a split does not: its folders have shards of their own for each input shard.
func (r *run) mixes() bool {
	_, labels := r.mover.(stages.Labeler)
	return !labels || r.job.ShardSize() > 0
}

// checkFormats refuses shards whose rows would be of several formats. Rows of all of them may come into one
// shard.
func (r *run) checkFormats(shards []stages.Shard) error {
	var first *stages.Shard
	for i := range shards {
		s := &shards[i]
		switch {
		case s.Against != "":
		case first == nil:
			first = s
		case r.writtenAs(s) != r.writtenAs(first):
			return &JobError{fmt.Errorf("rows of %s would stand in one shard with rows of %s: %s and %s\nset write.format = \"jsonl\", or give them separate jobs",
				first.Name, s.Name, r.writtenAs(first), r.writtenAs(s))}
		}
	}
	return nil
}

// writtenAs is the format in which a shard is written.
func (r *run) writtenAs(s *stages.Shard) string {
	if f := r.job.Write.Format; f != "auto" {
		return f
	}
	return outputFormat(s.Format)
}

// A namer names each shard as its own sink does.
type namer struct {
	stages.Sink
	sinks map[sourceKey]stages.Sink
}

func (n namer) Name(s *stages.Shard) string { return n.sinks[keyOf(s)].Name(s) }
