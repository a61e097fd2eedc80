package text

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/bits"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/format"
)

// taskNGrams are the n-grams of tasks. Those of an example overlap, so that its words are
// stored once.
//
// An n-gram is looked up by its key, the hash of its words; with curator by that of all
// but the first, of which Curator may have cut off a part.
type taskNGrams struct {
	max     int     // words of the longest
	lengths []uint8 // in words: max, then those of all n-grams, rising
	first   int     // of the words of an n-gram that makes its key
	id      uint64  // hash of all there is

	text   []byte // words with spaces between
	ngrams []taskNGram
	slots  []uint32 // 1 + index in ngrams, by key; 0 = free; at most half of them are taken

	// What most places in a text are turned away by: two bits for each hash of as many words
	// of a key as the shortest has.
	prefix int
	power  uint64 // hashBase to the power of prefix
	filter []uint64
	shift  int
}

// A taskNGram is words of text.
type taskNGram struct {
	key      uint64
	at, size uint32
}

func (t *taskNGrams) words(ngram uint32) []byte {
	n := t.ngrams[ngram]
	return t.text[n.at : n.at+n.size]
}

// bytes returns the memory that t takes.
func (t *taskNGrams) bytes() int {
	return cap(t.text) + 16*cap(t.ngrams) + 4*len(t.slots) + 8*len(t.filter)
}

// A hash of words is a polynomial of their hashes, modulo 2^64.
const hashBase = 0x9e3779b97f4a7c15

func hashWords(words []taskWord) (h uint64) {
	for i := range words {
		h = h*hashBase + words[i].hash
	}
	return h
}

// keyOf returns the key of n-grams of n words that make a hash.
func keyOf(hash uint64, n int) uint64 { return stages.Mix64(hash + uint64(n)) }

// home returns the slot that a key would like to have.
func (t *taskNGrams) home(key uint64) int { return int(key & uint64(len(t.slots)-1)) }

// candidates calls f for each n-gram with a key.
func (t *taskNGrams) candidates(key uint64, f func(ngram uint32) (more bool)) {
	for i := t.home(key); t.slots[i] != 0; i = (i + 1) & (len(t.slots) - 1) {
		if n := t.slots[i] - 1; t.ngrams[n].key == key && !f(n) {
			return
		}
	}
}

// bits returns which bits of filter stand for the hash of the first words of a key, times hashBase: two of
// one number, which costs no more than one bit where the filter is not in the cache.
func (t *taskNGrams) bits(hash uint64) (at, bits uint64) {
	return hash >> t.shift, 1<<(hash>>12%64) | 1<<(hash>>18%64)
}

// add adds an n-gram of words at the end of text, unless there is one.
func (t *taskNGrams) add(words []taskWord, at, size int) error {
	key := keyOf(hashWords(words[t.first:]), len(words))
	fresh := true
	t.candidates(key, func(ngram uint32) bool {
		fresh = !bytes.Equal(t.words(ngram), t.text[at:at+size])
		return fresh
	})
	if !fresh {
		return nil
	}
	if len(t.ngrams) >= math.MaxInt32 || len(t.text) > math.MaxUint32 {
		return errors.New("the examples have more than 4 GB of text or 2 billion n-grams, which is more than fits\nleave some out")
	}
	t.ngrams = append(t.ngrams, taskNGram{key, uint32(at), uint32(size)})
	if 2*len(t.ngrams) > len(t.slots) {
		t.slots = make([]uint32, 2*len(t.slots))
		for i := range t.ngrams {
			t.place(uint32(i))
		}
	} else {
		t.place(uint32(len(t.ngrams) - 1))
	}
	return nil
}

func (t *taskNGrams) place(ngram uint32) {
	i := t.home(t.ngrams[ngram].key)
	for t.slots[i] != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = ngram + 1
}

// A taskReader makes n-grams of examples.
type taskReader struct {
	*taskNGrams
	min     int
	split   *taskFinder
	lengths [maxNGram + 1]bool
}

// example adds the n-grams of an example, and returns how many it has.
func (r *taskReader) example(text []byte) (int, error) {
	if len(text) > math.MaxInt32 {
		return 0, errors.New("an example of more than 2 GB")
	}
	f := r.split
	f.split(text)
	words := f.words
	if f.beginsBlank() {
		words = words[1:]
	}
	if len(words) < r.min {
		return 0, nil
	}
	// Where the words stand in what is stored.
	n := min(len(words), r.max)
	at := make([]int, 0, len(words)+1)
	for i := range words {
		at = append(at, len(r.text))
		r.text = f.appendWord(r.text, &words[i])
		r.text = append(r.text, ' ')
	}
	at = append(at, len(r.text))
	before := len(r.ngrams)
	for i := 0; i+n <= len(words); i++ {
		// What Curator takes for the length of an n-gram leaves out words of nothing
		// but white space.
		length := 0
		for k := i; k < i+n; k++ {
			if at[k+1]-at[k] > 1 {
				length++
			}
		}
		r.lengths[length] = true
		if err := r.add(words[i:i+n], at[i], at[i+n]-1-at[i]); err != nil {
			return 0, err
		}
	}
	if len(r.ngrams) == before {
		r.text = r.text[:at[0]] // all of them were there
	}
	return len(words) - n + 1, nil
}

// readTasks reads the examples of all tasks.
func readTasks(ctx context.Context, o *Decontaminate) (*taskNGrams, error) {
	t := &taskNGrams{max: int(o.MaxNGramSize), slots: make([]uint32, 1024)}
	if o.Curator {
		t.first = 1
	}
	r := &taskReader{taskNGrams: t, min: int(o.MinNGramSize), split: newTaskFinder(t, o)}
	for _, path := range o.Tasks {
		if err := r.file(ctx, path, o.TaskField); err != nil {
			return nil, fmt.Errorf("tasks: %w", err)
		}
	}
	r.end()
	return t, nil
}

// end makes what finders look at.
func (r *taskReader) end() {
	t := r.taskNGrams
	t.text, t.ngrams = bytes.Clone(t.text), slices.Clone(t.ngrams) // no longer than they must be
	t.lengths = append(t.lengths[:0], uint8(t.max))
	shortest := t.max
	for n, some := range r.lengths {
		if some && n > 0 {
			shortest = min(shortest, n)
			if n < t.max {
				t.lengths = append(t.lengths, uint8(n))
			}
		}
	}
	t.prefix = shortest - t.first
	t.power = 1
	for range t.prefix {
		t.power *= hashBase
	}
	size := max(4, bits.Len(uint(len(t.ngrams)/4)))
	t.filter, t.shift = make([]uint64, 1<<size), 64-size
	h := xxh3.New()
	h.Write(t.text)
	var numbers []byte
	for i := range t.ngrams {
		at, bits := t.bits(t.prefixOf(uint32(i)) * hashBase)
		t.filter[at] |= bits
		numbers = binary.LittleEndian.AppendUint32(numbers[:0], t.ngrams[i].at)
		numbers = binary.LittleEndian.AppendUint32(numbers, t.ngrams[i].size)
		h.Write(numbers)
	}
	fmt.Fprint(h, t.max, t.lengths, t.first)
	t.id = h.Sum64()
}

// prefixOf returns the hash of the first words of the key of an n-gram.
func (t *taskNGrams) prefixOf(ngram uint32) (h uint64) {
	rest := t.words(ngram)
	for i := range t.first + t.prefix {
		word, after, _ := bytes.Cut(rest, []byte(" "))
		if rest = after; i >= t.first {
			h = h*hashBase + hashWord(word)
		}
	}
	return h
}

// checkTask complains about a name of a file that is no task.
func checkTask(path string) error {
	switch ext := filepath.Ext(plainName(path)); {
	case path == "":
		return errors.New("an empty name of a file")
	case slices.Contains([]string{".parquet", ".csv", ".tsv", ".arrow", ".zip", ".tar"}, ext):
		return fmt.Errorf("%s: examples are read from JSONL, or from a text on each line\nwrite them as such", path)
	}
	return nil
}

// plainName returns a path without the ending of its compression.
func plainName(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst")
}

// file adds the n-grams of a file of examples.
func (r *taskReader) file(ctx context.Context, path, field string) error {
	f, err := format.OpenFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w\nname files with the texts of evaluation tasks", err)
	case err != nil:
		return fmt.Errorf("%w\nthe file cannot be read: fetch it again, or see who may read it", err)
	}
	defer f.Close()
	ext := filepath.Ext(plainName(path))
	isJSON := ext == ".jsonl" || ext == ".json"
	in := bufio.NewReaderSize(f, 64<<10)
	examples, found := 0, 0
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s, line %d: %w\nthe file is damaged: fetch it again", path, line, err)
		}
		last := err == io.EOF
		if err = ctx.Err(); err != nil {
			return err
		}
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if !utf8.Valid(text) {
			return fmt.Errorf("%s, line %d: this is not UTF-8\nconvert the file", path, line)
		}
		if text = bytes.TrimRight(text, "\r\n"); len(bytes.TrimSpace(text)) > 0 {
			if isJSON {
				if text, err = fieldOf(text, field); err != nil {
					return fmt.Errorf("%s, line %d: %w", path, line, err)
				}
			}
			n, err := r.example(text)
			if err != nil {
				return fmt.Errorf("%s, line %d: %w", path, line, err)
			}
			found += n
			examples++
		}
		if last {
			break
		}
	}
	switch {
	case examples == 0:
		return fmt.Errorf("%s has no example\nname another file, or leave it out", path)
	case found == 0:
		return fmt.Errorf("%s: none of %d examples has min_ngram_size = %d words\nlower min_ngram_size, or leave the file out", path, examples, r.min)
	}
	return nil
}

// fieldOf returns the text that a row of JSONL has under a key.
func fieldOf(row []byte, key string) ([]byte, error) {
	var v map[string]json.RawMessage
	if err := json.Unmarshal(row, &v); err != nil {
		return nil, fmt.Errorf("this is no object of JSON: %w\nwrite one on each line, or name a file of plain text .txt", err)
	}
	value, ok := v[key]
	if !ok {
		head, tail, nested := strings.Cut(key, ".")
		if value, ok = v[head]; ok && nested {
			return fieldOf(value, tail)
		}
		keys := slices.Sorted(func(yield func(string) bool) {
			for k := range v {
				if !yield(k) {
					return
				}
			}
		})
		return nil, fmt.Errorf("no key %q; have %s\nset task_field to that of the text", key, strings.Join(keys, ", "))
	}
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return nil, fmt.Errorf("the value of %q is no string\nset task_field to the key of the text", key)
	}
	return []byte(*text), nil
}

// Notes about a text are
//
//	hash of the tasks, 8 bytes; then for each n-gram that it has, by number
//	distance from the number of the one before, a uvarint
//	how often it counts, a uvarint: none where another one covers it
//
// and answers the same without the counts. A note has up to noteNGrams of them.
const noteNGrams = 512

// errTasks reports numbers of n-grams that mean nothing.
var errTasks = errors.New("tasks: the files of examples are not those that the job began with\nput them back, or start over with --fresh")

// notes calls note with the payload of each note about the last text.
func (f *taskFinder) notes(note func(payload []byte)) {
	for part := range slices.Chunk(f.counted, noteNGrams) {
		p := binary.LittleEndian.AppendUint64(f.payload[:0], f.tasks.id)
		last := uint32(0)
		for _, c := range part {
			p = binary.AppendUvarint(p, uint64(c.ngram-last))
			p = binary.AppendUvarint(p, uint64(c.n))
			last = c.ngram
		}
		f.payload = p
		note(p)
	}
}

// counted calls each for the n-grams in notes about a text.
func (t *taskNGrams) counted(notes []stages.Note, each func(ngram uint32, n uint64)) error {
	for _, note := range notes {
		p, err := t.known(note.Payload)
		if err != nil {
			return err
		}
		last := uint64(0)
		for len(p) > 0 {
			step, a := binary.Uvarint(p)
			n, b := binary.Uvarint(p[max(a, 0):])
			if last += step; a <= 0 || b <= 0 || last >= uint64(len(t.ngrams)) {
				return errTasks
			}
			each(uint32(last), n)
			p = p[a+b:]
		}
	}
	return nil
}

// known takes the hash of the tasks from the front of a payload.
func (t *taskNGrams) known(p []byte) ([]byte, error) {
	if len(p) < 8 || binary.LittleEndian.Uint64(p) != t.id {
		return nil, errTasks
	}
	return p[8:], nil
}

// rare calls answer with the payload of each answer that has the n-grams of a list.
func (t *taskNGrams) rare(list []uint32, answer func(payload []byte) error) error {
	slices.Sort(list)
	for part := range slices.Chunk(list, noteNGrams) {
		p := binary.LittleEndian.AppendUint64(nil, t.id)
		last := uint32(0)
		for _, n := range part {
			p = binary.AppendUvarint(p, uint64(n-last))
			last = n
		}
		if err := answer(p); err != nil {
			return err
		}
	}
	return nil
}

// take takes the n-grams that answers about a text name.
func (f *taskFinder) take(answers []stages.Note) error {
	f.rare = f.rare[:0]
	for _, a := range answers {
		p, err := f.tasks.known(a.Payload)
		if err != nil {
			return err
		}
		last := uint64(0)
		for len(p) > 0 {
			step, n := binary.Uvarint(p)
			if last += step; n <= 0 || last >= uint64(len(f.tasks.ngrams)) {
				return errTasks
			}
			f.rare = append(f.rare, uint32(last))
			p = p[n:]
		}
	}
	slices.Sort(f.rare)
	return nil
}

// A countedNGram counts n times in a text.
type countedNGram struct{ ngram, n uint32 }
