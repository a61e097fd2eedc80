package text

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"sync"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/scan"
)

// BadWords is the table of text.bad_words.
type BadWords struct {
	Lists        []string `toml:"lists" path:"file" doc:"files of words and phrases that no text may have, one a line; plain, gzip or zstd"`
	Words        []string `toml:"words" doc:"more of them"`
	Except       []string `toml:"except" doc:"words of the lists that are fine"`
	Anywhere     bool     `toml:"anywhere" doc:"find them within words, too; in lists named ja, th and zh they always are"`
	KeepFraction float64  `toml:"keep_fraction" doc:"share of the texts with such words that stay, by a hash of text and seed"`
}

// NewBadWords returns the filter that drops texts with a word or phrase of a list, in any
// letter case. A word counts where no letter, digit or underscore stands beside it. Lists
// whose file is named ja, th or zh, with whatever ending, hold for languages without spaces: their words count anywhere.
// The score is 1 for a text that has one, 0.5 for such a text that keep_fraction keeps, and 0 for others.
//
// Source: C4 (Raffel et al. 2020, https://arxiv.org/abs/1910.10683; badwords_filter in c4_utils.py of TensorFlow Datasets) and
// its reading in datatrove's C4BadWordsFilter. They make the text small and leave the words as
// they are, so that words with capitals are never found; here case makes no difference. The lists
// are at https://github.com/LDNOOBW/List-of-Dirty-Naughty-Obscene-and-Otherwise-Bad-Words; what C4
// leaves out of them is except = ["sm", "グロ", "女の子", "性"].
func NewBadWords(c stages.Common, f BadWords) ([]stages.Stage, error) {
	var none, empty error
	if len(f.Lists)+len(f.Words) == 0 {
		none = errors.New("lists is missing\ngive files of words, such as those of LDNOOBW, or words = [...]")
	}
	for _, w := range f.Words {
		if strings.TrimSpace(w) == "" {
			empty = fmt.Errorf("words: %q is no word: all texts would have it", w)
		}
	}
	return stages.OneFilter(c, &badWords{BadWords: f, seed: c.Seed}, none, empty, stages.CheckShare("keep_fraction", f.KeepFraction))
}

type badWords struct {
	BadWords
	seed    uint64
	flanked *scan.Matcher // words that no letter may be beside
	within  *scan.Matcher // words that count anywhere; nil = none
	buffers sync.Pool     // of *[]byte
}

// Prepare reads the lists.
func (f *badWords) Prepare(context.Context) error {
	except := map[string]bool{}
	for _, w := range f.Except {
		except[string(smallWord([]byte(w)))] = true
	}
	var flanked, within [][]byte
	add := func(list *[][]byte, w []byte) {
		if w = smallWord(w); len(w) > 0 && !except[string(w)] {
			*list = append(*list, w)
		}
	}
	own := &flanked
	if f.Anywhere {
		own = &within
	}
	for _, w := range f.Words {
		add(own, []byte(w))
	}
	for _, path := range f.Lists {
		list := own
		if name, _, _ := strings.Cut(filepath.Base(path), "."); name == "ja" || name == "th" || name == "zh" {
			list = &within
		}
		before := len(*list)
		if err := readLines(path, func(line []byte) { add(list, line) }); err != nil {
			return fmt.Errorf("lists: %w", err)
		}
		if len(*list) == before {
			return fmt.Errorf("lists: %s has no word that except leaves\nfetch it again, or take it out", path)
		}
	}
	f.flanked = scan.NewFoldingMatcher(flanked)
	if len(within) > 0 {
		f.within = scan.NewFoldingMatcher(within)
	}
	return nil
}

// smallWord returns a word of a list as it is looked for.
func smallWord(w []byte) []byte { return scan.AppendLower(nil, scan.Trim(w)) }

// mostWord is how long a line of a list of words may be, in bytes.
const mostWord = 1 << 12

// readLines calls do with each line of a file of words.
func readLines(path string, do func(line []byte)) error {
	in, err := format.OpenFile(path)
	if err != nil {
		return fmt.Errorf("%w\nsee that it is there and readable on this node", err)
	}
	defer in.Close()
	lines := bufio.NewReaderSize(in, mostWord)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("%s:%d: a line of more than %d bytes is no word\na list has one word or phrase a line", path, n, mostWord)
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("%s:%d: %w\nfetch the file again", path, n, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		do(line)
		if err != nil {
			return nil
		}
	}
}

// Score returns whether the text has such a word, and stays for all that.
func (f *badWords) Score(d *scan.Document) float64 {
	text := d.Text()
	if !f.has(text) {
		return 0
	}
	if f.KeepFraction > 0 && float64(xxh3.HashSeed(text, f.seed)>>11)*0x1p-53 < f.KeepFraction {
		return 0.5
	}
	return 1
}

// has says whether the text has a word of a list.
func (f *badWords) has(text []byte) bool {
	has, odd := f.find(text, true)
	if !odd {
		return has
	}
	buffer, ok := f.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
	}
	defer f.buffers.Put(buffer)
	*buffer = scan.AppendLower((*buffer)[:0], text)
	has, _ = f.find(*buffer, false)
	return has
}

// find says whether the text has a word, or with stop something odd that makes that uncertain.
func (f *badWords) find(text []byte, stop bool) (has, odd bool) {
	if f.within != nil {
		has = f.within.Find(text, func(start, _ int) bool {
			odd = odd || start < 0 && stop
			return start >= 0 || stop
		})
	}
	if !has {
		has = f.flanked.Find(text, func(start, end int) bool {
			odd = odd || start < 0 && stop
			return start < 0 && stop || start >= 0 && scan.Flanked(text, start, end)
		})
	}
	return has, odd
}

// Keep keeps texts without such a word, and those that keep_fraction keeps.
func (f *badWords) Keep(score float64) bool { return !math.IsNaN(score) && score < 1 }
