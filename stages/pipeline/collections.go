package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/manifest"
	"sluice/stages/round"
)

// Collections are made of what the last pass notes: a stage that saves gives a record of each
// row that stays, which lies with the notes for the list of duplicates until all blocks are
// done. Then ranks take files one by one. What is in a file depends on the input alone.

// stillSaved returns what is saved of rows that are written, in the order of the rows: later
// stages may have dropped some.
func stillSaved(b *stages.Batch) []stages.Saved {
	saved := slices.DeleteFunc(b.Saved, func(s stages.Saved) bool { return !b.Keep[s.Row] })
	slices.SortStableFunc(saved, func(a, b stages.Saved) int { return cmp.Compare(a.Row, b.Row) })
	return saved
}

// saving lists the indexes of the stages that save, each once.
func (r *run) saving() (list []int) {
	for i, s := range r.stages {
		if c, ok := s.(stages.Collector); ok && c.Collection().Folder != "" && r.stageIndex(s.Name()) == i {
			list = append(list, i)
		}
	}
	return list
}

func (r *run) collection(stage int) stages.Collection {
	return r.stages[stage].(stages.Collector).Collection()
}

// checkSaving refuses folders of collections before anything is touched. What stands in them is looked at unless
// the job goes on: files of another job among those of this one would be taken for its own.
func (r *run) checkSaving() error {
	folders := map[string]string{}
	for _, i := range r.saving() {
		folder, name := r.collection(i).Folder, r.stages[i].Name()
		if by, twice := folders[folder]; twice {
			return &JobError{fmt.Errorf("stages %q and %q both have save_sketches = %q\ngive one of them another folder", by, name, folder)}
		}
		folders[folder] = name
		what := fmt.Sprintf("save_sketches = %q of stage %q", folder, name)
		if err := r.savePlace(folder, what); err != nil {
			return &JobError{err}
		}
		if r.goesOn() {
			continue
		}
		list, err := os.ReadDir(folder)
		if err != nil && !os.IsNotExist(err) {
			return &JobError{fmt.Errorf("save_sketches of stage %q: %w", name, err)}
		}
		temps, _ := savedTemps(folder) // it was read
		list = slices.DeleteFunc(list, func(e os.DirEntry) bool { return slices.Contains(temps, filepath.Join(folder, e.Name())) })
		if len(list) == 0 {
			continue
		}
		for _, e := range list {
			if strings.HasSuffix(e.Name(), format.SavedExtension) {
				return &JobError{fmt.Errorf("%s: the folder holds a collection\nname another folder, or remove %s", what, filepath.Join(folder, "*"+format.SavedExtension))}
			}
		}
		return &JobError{fmt.Errorf("%s: the folder is not empty: %q\nname a new or empty folder", what, list[0].Name())}
	}
	return nil
}

// savePlace refuses a folder for sketches that an input is read from, or that the job keeps its own files in.
func (r *run) savePlace(folder, what string) error {
	path, out := realPath(folder), realPath(r.job.Output)
	for _, in := range r.job.Inputs {
		for _, p := range in.Paths {
			if err := apart(path, p, what, "name a folder"); err != nil {
				return err
			}
		}
	}
	if path == out || within(out, path) {
		return fmt.Errorf("%s is or holds the output folder\nname a folder of its own", what)
	}
	for _, name := range append(outputFolders(), ".sluice") {
		if own := filepath.Join(out, name); path == own || within(path, own) {
			return fmt.Errorf("%s lies in %s, which is for other files\nname a folder of its own", what, filepath.Join(r.job.Output, name))
		}
	}
	return nil
}

// goesOn says that OUT holds this job, and that it is not to start over.
func (r *run) goesOn() bool {
	then, err := manifest.ReadInputs(r.dir)
	return err == nil && !r.opt.Fresh && r.compare(then) == nil
}

// newCollections makes the folders of collections, so that a mistake shows now and not at the end.
func (r *run) newCollections() error {
	if err := r.checkSaving(); err != nil {
		return err
	}
	for _, i := range r.saving() {
		out, err := manifest.CreateAtomic(r.collectionFile(i, 0))
		if err == nil {
			err = out.Abort()
		}
		if err != nil {
			return &JobError{fmt.Errorf("save_sketches of stage %q: %w", r.stages[i].Name(), err)}
		}
	}
	return nil
}

// savedTemps lists what writers of a collection that were killed left in its folder. Other jobs may be at work below.
func savedTemps(folder string) ([]string, error) {
	left, err := manifest.Temps(folder)
	return slices.DeleteFunc(left, func(path string) bool { return !strings.Contains(filepath.Base(path), format.SavedExtension) }), err
}

// tidyCollections removes what writers that were killed left.
func (r *run) tidyCollections() error {
	for _, i := range r.saving() {
		left, err := savedTemps(r.collection(i).Folder)
		for _, path := range left {
			err = errors.Join(err, os.Remove(path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) collectionFile(stage, k int) string {
	return filepath.Join(r.collection(stage).Folder, fmt.Sprintf("part-%05d%s", k, format.SavedExtension))
}

// collectionBytes is about how much input a file of a collection stands for.
const collectionBytes = 4 << 30

// collectionRanges cuts the blocks of the output into ranges, each of which is a file of a
// collection. It returns the first block of each, and the number of blocks.
func (r *run) collectionRanges() []int {
	ranges := []int{0}
	var bytes int64
	for b, blk := range r.blocks {
		if r.shards[blk.Shard].Against != "" {
			return append(ranges, b) // all that follow
		}
		if b > ranges[len(ranges)-1] && bytes+blk.Bytes > collectionBytes {
			ranges = append(ranges, b)
			bytes = 0
		}
		bytes += blk.Bytes
	}
	return append(ranges, len(r.blocks))
}

// saveCollections writes the files of all collections. It is collective.
func (r *run) saveCollections(ctx context.Context, p int, c *clock) error {
	stagesSaving := r.saving()
	if len(stagesSaving) == 0 {
		return nil
	}
	for _, w := range r.watch {
		w.Pass(p+1, len(r.passes), "save sketches", 0)
		defer w.Finish()
	}
	ranges, notes := r.collectionRanges(), r.noted(p)
	files := len(ranges) - 1
	err := r.oneByOne(ctx, c, "collections", files*len(stagesSaving), func(i int) error {
		stage, k := stagesSaving[i/files], i%files
		if err := r.saveCollection(notes, stage, k, ranges[k], ranges[k+1]); err != nil {
			return about(r.collectionFile(stage, k), err)
		}
		return nil
	})
	return mpi.Agree(ctx, r.comm, err)
}

// saveCollection writes file k of the collection of a stage: the records of some blocks.
func (r *run) saveCollection(notes *round.Table, stage, k, first, end int) error {
	path := r.collectionFile(stage, k)
	out, err := manifest.CreateAtomic(path)
	if err != nil {
		return diskError(err)
	}
	defer out.Abort()
	file, err := format.NewCollection(out, r.collection(stage).Parameters)
	if err != nil {
		return diskError(err)
	}
	for b := first; b < end; b++ {
		if err := r.saveBlock(file, notes, stage, b); err != nil {
			return err
		}
	}
	if err := file.Close(); err != nil {
		return diskError(err)
	}
	if err := out.Commit(); err != nil {
		return diskError(err)
	}
	return diskError(r.placed.Appeared(path))
}

func (r *run) saveBlock(file *format.Collection, notes *round.Table, stage, block int) error {
	in, err := notes.Open(r.segments(), block)
	if err != nil {
		return stateError(err)
	}
	defer in.Close()
	for rows := 1; ; rows++ {
		id, err := in.Sample()
		if err != nil {
			return stateError(err)
		}
		if id.Block() != block { // the end
			return nil
		}
		if rows%stopEvery == 0 && r.stopping() {
			return mpi.ErrStopped
		}
		list, err := in.Until(id + 1)
		if err != nil {
			return stateError(err)
		}
		for _, n := range list {
			d := decoder{p: n.Payload}
			if d.byte() != aboutSaved || int(d.uint()) != stage {
				continue
			}
			name := d.bytes()
			if d.short {
				return errShort
			}
			if len(name) == 0 {
				name = []byte(rowName(r.locate(id)))
			}
			if err := file.Write(name, d.p); err != nil {
				return diskError(err)
			}
		}
	}
}
