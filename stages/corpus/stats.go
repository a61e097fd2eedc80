package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"path"
	"slices"
	"strconv"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// Stats is the table of corpus.stats.
type Stats struct {
	By        string   `toml:"by" doc:"count apart by the values of a column, or by @source, @folder or @shard; default: all together"`
	Columns   []string `toml:"columns" doc:"numbers to make histograms of"`
	MaxValues int64    `toml:"max_values" doc:"most values of by that are told apart; the rest is counted together"`
}

// DefaultStats counts all together.
func DefaultStats() Stats { return Stats{MaxValues: 1000} }

// NewStats returns the stage that counts the samples that come to it, and their bytes, characters and words, all in whole
// numbers, and writes them to OUT/stats/NAME.json once the job is done. Every sample goes on as it came. Put it
// before and after other stages, to see what they changed.
//
// Characters are code points; words are what white space parts. Lengths are counted by powers of two. Numbers in
// Columns are counted by powers of two, each cut in four, from 2^-16 to 2^48 on both sides of zero.
//
// Where By has more than MaxValues values, those are told apart whose hash is smallest: which they are does not
// depend on ranks, and what is said of them is exact. Everything else stands under "other".
// It takes up to 4 kB for each value and thread, and 9 kB more for each of Columns, which the job's memory does not count.
func NewStats(c stages.Common, s Stats) ([]stages.Stage, error) {
	var errs []error
	if s.By != "" && s.By[0] == '@' && s.By != "@source" && s.By != "@folder" && s.By != "@shard" {
		errs = append(errs, fmt.Errorf("by = %q is not known; have @source, @folder, @shard, or a column", s.By))
	}
	if s.MaxValues < 1 || s.MaxValues > 1_000_000 {
		errs = append(errs, fmt.Errorf("max_values = %d is not between 1 and 1000000", s.MaxValues))
	}
	for i, name := range s.Columns {
		if name == "" || slices.Contains(s.Columns[:i], name) {
			errs = append(errs, fmt.Errorf("columns: %q is there twice, or empty", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return []stages.Stage{&stats{common: c, Stats: s}}, nil
}

type stats struct {
	common stages.Common
	Stats
	documents sync.Pool // of *scan.Document
}

func (s *stats) Name() string { return s.common.Name }

func (s *stats) Columns() stages.Columns {
	c := stages.Columns{Reads: []stages.Need{{Name: s.common.Column, Type: stages.Text}}}
	names := s.Stats.Columns
	if s.byColumn() && !slices.Contains(names, s.By) {
		names = append(slices.Clone(names), s.By)
	}
	for _, name := range names {
		c.Reads = append(c.Reads, stages.Need{Name: name, Type: stages.Scalars})
	}
	return c
}

func (s *stats) byColumn() bool { return s.By != "" && s.By[0] != '@' }

// Places of counts.
const (
	documents = iota
	textBytes
	characters
	words
	lengths // histograms of bytes, characters and words
	numbers = lengths + 3*lengthBins

	lengthBins = 65 // by the number of bits: 0, 1, 2 to 3, 4 to 7, ...
)

// Places of the counts of a column, from numbers on.
const (
	others    = iota // values that are no number
	zeros            // numbers nearer to 0 than 2^minExponent
	signs            // histograms of negative and positive numbers
	perSign   = (maxExponent - minExponent) * parts
	perColumn = signs + 2*perSign

	minExponent, maxExponent = -16, 48
	parts                    = 4 // of a power of two
)

// Map counts the rows that are kept.
func (s *stats) Map(_ context.Context, b *stages.Batch) error {
	t := stages.NewTally(s.common.Name, int(s.MaxValues))
	d, ok := s.documents.Get().(*scan.Document)
	if !ok {
		d = new(scan.Document)
	}
	defer s.documents.Put(d)
	text := b.Column(s.common.Column).Text
	var by *stages.Column
	if s.byColumn() {
		by = b.Column(s.By)
	}
	key := s.fixedKey(b.Shard)
	for i, keep := range b.Keep {
		if !keep {
			continue
		}
		if by != nil {
			key = appendKey(key[:0], by.Values[i])
		}
		counts := t.Group(key, numbers+perColumn*len(s.Stats.Columns))
		d.Reset(text[i])
		counts[documents]++
		for k, n := range []int{len(text[i]), scan.CodePoints(text[i]), len(d.Words())} {
			counts[textBytes+k] += int64(n)
			counts[lengths+k*lengthBins+bits.Len64(uint64(n))]++
		}
		for k, name := range s.Stats.Columns {
			counts[numbers+k*perColumn+place(b.Column(name).Values[i])]++
		}
	}
	d.Release()
	b.Tallies = append(b.Tallies, t)
	return nil
}

// fixedKey returns the key of all rows of a shard.
func (s *stats) fixedKey(shard *stages.Shard) []byte {
	switch s.By {
	case "@source":
		return []byte("s" + shard.Source)
	case "@folder":
		return []byte("s" + path.Dir(shard.Name))
	case "@shard":
		return []byte("s" + shard.Name)
	}
	return []byte("a")
}

// maxKey is how much of a value tells it from others, in bytes.
const maxKey = 256

// appendKey appends the key of a value: a letter for its kind, and the value.
func appendKey(key []byte, v stages.Scalar) []byte {
	switch v.Kind {
	case stages.String:
		return append(append(key, 's'), v.Str[:min(len(v.Str), maxKey)]...)
	case stages.Bool:
		return strconv.AppendBool(append(key, 'v'), v.Int != 0)
	case stages.Int:
		return strconv.AppendInt(append(key, 'v'), v.Int, 10)
	case stages.Float:
		if math.IsNaN(v.Float) || math.IsInf(v.Float, 0) {
			return strconv.AppendFloat(append(key, 's'), v.Float, 'g', -1, 64)
		}
		if v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<53 {
			return strconv.AppendInt(append(key, 'v'), int64(v.Float), 10) // 1.0 is 1
		}
		return strconv.AppendFloat(append(key, 'v'), v.Float, 'g', -1, 64)
	}
	return append(key, 'n')
}

// place returns the place of a value among the counts of its column.
func place(v stages.Scalar) int {
	x := v.Float
	switch {
	case v.Kind == stages.Int:
		x = float64(v.Int)
	case v.Kind != stages.Float || math.IsNaN(x):
		return others
	}
	at := signs
	if x < 0 {
		x = -x
	} else {
		at += perSign
	}
	fraction, exponent := math.Frexp(x) // from 0.5 to 1, times a power of two
	exponent--
	switch {
	case math.IsInf(x, 0) || exponent >= maxExponent:
		return at + perSign - 1
	case x == 0 || exponent < minExponent:
		return zeros
	}
	return at + (exponent-minExponent)*parts + int((fraction-0.5)*2*parts)
}

// A Summary is OUT/stats/NAME.json.
type Summary struct {
	Stage  string  `json:"stage"`
	By     string  `json:"by,omitempty"`
	All    Group   `json:"all"`
	Other  *Group  `json:"other,omitempty"` // of values beyond max_values
	Groups []Value `json:"groups,omitempty"`
}

// A Value is the counts of the documents with one value of by; null stands for a value that is missing.
type Value struct {
	Value any `json:"value"`
	Group
}

// A Group is the counts of documents.
type Group struct {
	Documents  int64             `json:"documents"`
	Bytes      int64             `json:"bytes"`
	Characters int64             `json:"characters"`
	Words      int64             `json:"words"`
	Lengths    Lengths           `json:"lengths"`
	Columns    map[string]Column `json:"columns,omitempty"`
}

// Lengths are how many documents have how many bytes, characters and words.
type Lengths struct {
	Bytes      []Bin[int64] `json:"bytes"`
	Characters []Bin[int64] `json:"characters"`
	Words      []Bin[int64] `json:"words"`
}

// A Column is how many documents have which number.
type Column struct {
	Numbers   int64          `json:"numbers"`
	Others    int64          `json:"others"` // documents without a number
	Histogram []Bin[float64] `json:"histogram"`
}

// A Bin counts documents with From and more, and less than To.
type Bin[N int64 | float64] struct {
	From      N     `json:"from"`
	To        N     `json:"to"`
	Documents int64 `json:"documents"`
}

// Summary returns the file with the counts.
func (s *stats) Summary(t *stages.Tally) ([]byte, error) {
	out := Summary{Stage: s.common.Name, By: s.By}
	all := make([]int64, numbers+perColumn*len(s.Stats.Columns))
	sum := func(counts []int64) {
		for i, n := range counts {
			all[i] += n
		}
	}
	for _, key := range slices.Sorted(maps.Keys(t.Groups)) {
		counts := t.Groups[key]
		sum(counts)
		if s.By != "" {
			g := Value{Group: s.group(counts)}
			switch key[0] {
			case 's':
				g.Value = key[1:]
			case 'v':
				g.Value = json.RawMessage(key[1:])
			}
			out.Groups = append(out.Groups, g)
		}
	}
	if t.Rest != nil {
		sum(t.Rest)
		other := s.group(t.Rest)
		out.Other = &other
	}
	out.All = s.group(all)
	p, err := json.MarshalIndent(out, "", "  ")
	return append(p, '\n'), err
}

// group makes a group of counts.
func (s *stats) group(counts []int64) Group {
	g := Group{Documents: counts[documents], Bytes: counts[textBytes], Characters: counts[characters], Words: counts[words]}
	for k, list := range []*[]Bin[int64]{&g.Lengths.Bytes, &g.Lengths.Characters, &g.Lengths.Words} {
		*list = []Bin[int64]{}
		for n, count := range counts[lengths+k*lengthBins:][:lengthBins] {
			if count > 0 {
				*list = append(*list, Bin[int64]{int64(1) << n >> 1, max(1, int64(1)<<n), count})
			}
		}
	}
	for k, name := range s.Stats.Columns {
		if g.Columns == nil {
			g.Columns = map[string]Column{}
		}
		g.Columns[name] = column(counts[numbers+k*perColumn:][:perColumn])
	}
	return g
}

// column makes a histogram of the counts of a column.
func column(counts []int64) Column {
	c := Column{Others: counts[others], Histogram: []Bin[float64]{}}
	bin := func(from, to float64, n int64) {
		if n > 0 {
			c.Numbers += n
			c.Histogram = append(c.Histogram, Bin[float64]{from, to, n})
		}
	}
	edge := func(i int) float64 { return math.Ldexp(1+float64(i%parts)/parts, minExponent+i/parts) }
	for i := perSign - 1; i >= 0; i-- {
		bin(-edge(i+1), -edge(i), counts[signs+i])
	}
	bin(0, edge(0), counts[zeros])
	for i := range perSign {
		bin(edge(i), edge(i+1), counts[signs+perSign+i])
	}
	return c
}
