package text

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"sluice/stages"
)

// Decontaminate is the table of text.decontaminate.
type Decontaminate struct {
	Tasks              []string `toml:"tasks" path:"file" doc:"files of examples: JSONL (.jsonl, .json), or a text on each line; also .gz and .zst"`
	TaskField          string   `toml:"task_field" doc:"of JSONL: key of the text, with dots for nested ones"`
	MinNGramSize       int64    `toml:"min_ngram_size" doc:"words; shorter examples are left out"`
	MaxNGramSize       int64    `toml:"max_ngram_size" doc:"words of an n-gram; a shorter example is one n-gram as a whole"`
	MaxMatches         int64    `toml:"max_matches" doc:"n-grams that all texts together have more often are common ones, and stay"`
	MinDocumentLength  int64    `toml:"min_document_length" doc:"code points; what is left before or behind a match goes unless it has more"`
	RemoveCharEachSide int64    `toml:"remove_char_each_side" doc:"code points that go with a match, and on to the next of .!?"`
	MaxSplits          int64    `toml:"max_splits" doc:"pieces; a text of which more would be left is dropped"`
	Action             string   `toml:"action" doc:"cut; drop: the text with a match as a whole; mark: write a column that says which have none"`
	Separator          string   `toml:"separator" doc:"stands between the pieces that are left of a text"`
	Curator            bool     `toml:"curator" doc:"find and cut as NeMo Curator 0.9 did, at offsets that leave out punctuation"`
}

// DefaultDecontaminate has the values of NeMo Curator.
func DefaultDecontaminate() Decontaminate {
	return Decontaminate{
		Tasks: []string{}, TaskField: "text", MinNGramSize: 8, MaxNGramSize: 13, MaxMatches: 10, MinDocumentLength: 200,
		RemoveCharEachSide: 200, MaxSplits: 10, Action: "cut", Separator: "\n\n",
	}
}

// NewDecontaminate returns the stage that cuts the examples of evaluation tasks out of
// texts. It is the TaskDecontamination of NeMo Curator 0.9, after Brown et al. 2020
// (https://arxiv.org/abs/2005.14165, appendix C).
//
// Words are compared in lower case and without ASCII punctuation. All runs of MaxNGramSize
// words of an example are n-grams of the tasks; a shorter example is one as a whole, unless it
// has fewer words than MinNGramSize. In a text the first n-gram counts, and
// the search goes on behind it. Those that all texts together have MaxMatches times at
// most are cut out: with them goes what stands before, back to the end of a
// sentence at least RemoveCharEachSide code points away, and as much behind. An end
// is one of .!?; without one all goes. Pieces that are left stay if they have more than
// MinDocumentLength code points. They are joined by Separator, where
// Curator made a row of each; a text goes if none is left, or more than MaxSplits. The score
// is how many n-grams were cut out.
//
// With Curator the rows are what Curator's were, joined. It takes places in a text without punctuation
// for places in the text, and so cuts some way before the match; it knows no white space
// between words but U+0020; and it does not look into texts of fewer words than an n-gram may have.
func NewDecontaminate(c stages.Common, o Decontaminate) ([]stages.Stage, error) {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(o.Tasks) == 0 {
		complain("tasks is missing\nname the files with the texts of the evaluation tasks, such as tasks = [\"race.jsonl\"]")
	}
	for _, path := range o.Tasks {
		if err := checkTask(path); err != nil {
			complain("tasks: %w", err)
		}
	}
	if o.TaskField == "" {
		complain("task_field = \"\" names no key")
	}
	if o.MinNGramSize < 2 {
		complain("min_ngram_size = %d is less than 2", o.MinNGramSize)
	}
	switch {
	case o.MaxNGramSize < o.MinNGramSize:
		complain("max_ngram_size = %d is below min_ngram_size = %d", o.MaxNGramSize, o.MinNGramSize)
	case o.MaxNGramSize > maxNGram:
		complain("max_ngram_size = %d is more than %d", o.MaxNGramSize, maxNGram)
	}
	for _, k := range []struct {
		key          string
		value, least int64
	}{
		{"max_matches", o.MaxMatches, 1}, {"min_document_length", o.MinDocumentLength, 0},
		{"remove_char_each_side", o.RemoveCharEachSide, 0}, {"max_splits", o.MaxSplits, 1},
	} {
		if k.value < k.least || k.value > maxValue {
			complain("%s = %d is not %d to %d", k.key, k.value, k.least, int64(maxValue))
		}
	}
	if !slices.Contains([]string{"cut", "drop", "mark"}, o.Action) {
		complain("action = %q is unknown; have cut, drop, mark", o.Action)
	}
	d := &decontaminate{common: c, Decontaminate: o}
	d.workers.New = func() any { return newTaskFinder(d.tasks, &d.Decontaminate) }
	if o.Action == "cut" {
		return []stages.Stage{cutting{d}}, errors.Join(errs...)
	}
	return []stages.Stage{d}, errors.Join(errs...)
}

// maxNGram bounds the words of an n-gram, maxValue other keys, maxText the bytes of a text.
const (
	maxNGram = 200
	maxValue = 1 << 40
	maxText  = 1<<32 - 1
)

type decontaminate struct {
	common stages.Common
	Decontaminate
	tasks   *taskNGrams
	workers sync.Pool // of *taskFinder
}

// cutting is a decontamination that cuts, and says how much.
type cutting struct{ *decontaminate }

// Unit implements stages.Trimmer.
func (cutting) Unit() string { return "n-gram" }

func (d *decontaminate) Name() string { return d.common.Name }

// Columns says that a text changes also where it only goes or is marked: so it is read again for Apply, and
// nobody takes the text for known of which OUT does not record what became.
func (d *decontaminate) Columns() stages.Columns {
	c := stages.Columns{Reads: []stages.Need{{Name: d.common.Column, Type: stages.Text}}, Changes: []string{d.common.Column}}
	if d.common.Score != "" {
		c.Adds = append(c.Adds, d.common.Score)
	}
	if d.Action == "mark" {
		c.Adds = append(c.Adds, d.Name())
	}
	return c
}

// Prepare reads the tasks. They take 30 to 40 bytes for each n-gram, and their text once.
func (d *decontaminate) Prepare(ctx context.Context) (err error) {
	d.tasks, err = readTasks(ctx, &d.Decontaminate)
	return err
}

// Held is the n-grams of the tasks.
func (d *decontaminate) Held(int) int64 {
	if d.tasks == nil {
		return 0
	}
	return int64(d.tasks.bytes())
}

// Explain says what is looked for.
func (d *decontaminate) Explain() []string {
	if d.tasks == nil {
		return nil
	}
	return []string{fmt.Sprintf("%d n-grams of tasks, which take %.1f MB in each rank", len(d.tasks.ngrams), float64(d.tasks.bytes())/1e6)}
}

// Tables: notes say which n-grams a text has and how often each counts, answers which of them are cut out.
func (d *decontaminate) Tables() stages.Tables {
	return stages.Tables{Notes: d.Name() + ".matches", Apply: d.Name() + ".rare"}
}

// Note notes the n-grams of each row.
func (d *decontaminate) Note(_ context.Context, b *stages.Batch, _ []stages.Note, note func(stages.Note)) error {
	w := d.workers.Get().(*taskFinder)
	defer d.workers.Put(w)
	text := b.Column(d.common.Column).Text
	for i, kept := range b.Keep {
		if kept && uint64(len(text[i])) > maxText {
			return fmt.Errorf("row %d has a text of %d bytes, and n-grams are found in 4 GB at most", b.First+int64(i), len(text[i]))
		}
		if kept && w.find(text[i]) {
			w.count()
			w.notes(func(payload []byte) { note(stages.Note{Sample: b.ID(i), Payload: payload}) })
		}
	}
	return nil
}

// Rounds is one round, in which the ranks add up how often each n-gram was found.
func (d *decontaminate) Rounds() []stages.Round {
	return []stages.Round{{Name: d.Name() + ": n-grams", Makes: d.Tables().Apply, Run: d.meet, Alone: true}}
}

// summed is how many counts are added up at a time.
const summed = 1 << 20

// meet adds up the counts and tells each text which of its n-grams are rare.
func (d *decontaminate) meet(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	// Notes number n-grams: all ranks must have read the same.
	sums := []uint64{d.tasks.id, 1}
	if err := m.Sum(ctx, sums); err != nil {
		return nil, err
	}
	var err error
	if sums[0] != d.tasks.id*sums[1] {
		err = errors.New("tasks: the files of examples are not the same on all nodes\nput them on a file system that all nodes share")
	}
	counts := make([]uint64, len(d.tasks.ngrams))
	if err == nil {
		err = m.Home(ctx, func(_ stages.ID, notes [][]stages.Note) error {
			return d.tasks.counted(notes[0], func(ngram uint32, n uint64) { counts[ngram] += n })
		}, d.Tables().Notes)
	}
	if err := m.Agree(ctx, err); err != nil {
		return nil, err
	}
	for part := range slices.Chunk(counts, summed) {
		if err := m.Sum(ctx, part); err != nil {
			return nil, err
		}
	}
	sorter := m.Sorter()
	var list []uint32
	err = m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
		list = list[:0]
		err := d.tasks.counted(notes[0], func(ngram uint32, _ uint64) {
			if n := counts[ngram]; 1 <= n && n <= uint64(d.MaxMatches) {
				list = append(list, ngram)
			}
		})
		if err != nil {
			return err
		}
		return d.tasks.rare(list, func(payload []byte) error { return sorter.Add(stages.Note{Sample: id, Payload: payload}) })
	}, d.Tables().Notes)
	if err != nil {
		return nil, errors.Join(err, sorter.Close())
	}
	return sorter.Sorted()
}

// Apply cuts the rare n-grams out of each row.
func (d *decontaminate) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	var scores, marks []stages.Scalar
	if d.common.Score != "" {
		scores = fill(b, d.common.Score, stages.Scalar{Kind: stages.Float})
	}
	if d.Action == "mark" {
		marks = fill(b, d.Name(), stages.Scalar{Kind: stages.Bool, Int: 1})
	}
	if len(notes) == 0 {
		return nil
	}
	w := d.workers.Get().(*taskFinder)
	defer d.workers.Put(w)
	column := b.Column(d.common.Column)
	var texts stages.Texts
	trimmed := stages.Trimmed{Stage: d.Name()}
	for len(notes) > 0 {
		id, n := notes[0].Sample, 1
		for n < len(notes) && notes[n].Sample == id {
			n++
		}
		if err := w.take(notes[:n]); err != nil {
			return err
		}
		notes = notes[n:]
		i := int(id.Row() - b.First)
		if !b.Keep[i] || !w.find(column.Text[i]) {
			continue
		}
		pieces := w.cut()
		if scores != nil {
			scores[i].Float = float64(w.found)
		}
		switch {
		case w.found == 0:
		case marks != nil:
			marks[i].Int = 0
		case d.Action == "drop":
			b.Drop(i)
		default:
			trimmed.Texts++
			trimmed.Parts += int64(w.found)
			for _, p := range pieces {
				trimmed.Bytes -= int64(len(p))
			}
			trimmed.Bytes += int64(len(column.Text[i]))
			if len(pieces) == 0 || int64(len(pieces)) > d.MaxSplits {
				b.Drop(i)
				break
			}
			w.joined = w.joined[:0]
			for k, p := range pieces {
				if k > 0 {
					w.joined = append(w.joined, d.Separator...)
				}
				w.joined = append(w.joined, p...)
			}
			column.SetText(i, texts.Copy(w.joined))
		}
	}
	if trimmed.Texts > 0 {
		b.Trimmed = append(b.Trimmed, trimmed)
	}
	return nil
}

// fill adds a column with one value for all rows that are kept.
func fill(b *stages.Batch, name string, v stages.Scalar) []stages.Scalar {
	values := b.Add(name).Values
	for i, kept := range b.Keep {
		if kept {
			values[i] = v
		}
	}
	return values
}
