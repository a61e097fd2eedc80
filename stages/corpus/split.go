package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/stages"
)

// Split puts rows with different values of a column into different folders of OUT/data. In its folder a
// row stands in a shard of the name that its input shard has, or, with [write] shard_size, in numbered ones.
type Split struct {
	By        string `toml:"by" doc:"column whose values name the folders, such as the language"`
	MaxValues int    `toml:"max_values" doc:"most different values; more end the job"`
}

// DefaultSplit returns the table of an empty [[stage]].
func DefaultSplit() Split { return Split{MaxValues: 1000} }

// NewSplit returns the stage.
func NewSplit(c stages.Common, x Split) ([]stages.Stage, error) {
	var errs []error
	if x.By == "" {
		errs = append(errs, errors.New(`by = "" names no column`+"\n"+`write by = "COLUMN"`))
	}
	if x.MaxValues < 1 || x.MaxValues > maxFolder {
		errs = append(errs, fmt.Errorf("max_values = %d is not between 1 and %d", x.MaxValues, maxFolder))
	}
	return []stages.Stage{&split{c, x}}, errors.Join(errs...)
}

type split struct {
	common stages.Common
	Split
}

func (s *split) Name() string   { return s.common.Name }
func (s *split) MaxLabels() int { return s.MaxValues }

func (s *split) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: s.By, Type: stages.Scalars}}}
}

func (s *split) Many(some []string) error {
	return fmt.Errorf("stage %q: column %q has more than %d different values, such as %s\n"+
		"choose a column with few values, or raise max_values", s.common.Name, s.By, s.MaxValues, strings.Join(some, ", "))
}

// Folders of rows without a value, and of those whose value is an empty string.
const (
	nullFolder  = "__null__"
	emptyFolder = "__empty__"
	maxName     = 255 // bytes of a name that file systems take
)

// Label names the folder. Numbers are written as in JSON, strings as they are but for what
// no folder should be called: these bytes become %XX, as in addresses. Two values never have one name.
func (s *split) Label(dst []byte, b *stages.Batch, i int) ([]byte, error) {
	v := b.Column(s.By).Values[i]
	from := len(dst)
	switch v.Kind {
	case stages.Null: // objects and lists, too
		return append(dst, nullFolder...), nil
	case stages.Bool:
		dst = strconv.AppendBool(dst, v.Int != 0)
	case stages.Int:
		dst = strconv.AppendInt(dst, v.Int, 10)
	case stages.Float:
		dst = strconv.AppendFloat(dst, v.Float, 'g', -1, 64)
	case stages.String:
		dst = appendFolder(dst, v.Str)
	}
	if len(dst)-from > maxName {
		return dst, fmt.Errorf("column %q has the value %.60q..., which is too long for the name of a folder\nchoose a column with short values", s.By, v.Str)
	}
	return dst, nil
}

// appendFolder appends a string as the name of a folder, and of one that is too long no more than
// shows that.
func appendFolder(dst, s []byte) []byte {
	if len(s) == 0 {
		return append(dst, emptyFolder...)
	}
	special := string(s) == nullFolder || string(s) == emptyFolder
	for from, i := len(dst), 0; i < len(s) && len(dst)-from <= maxName; {
		r, n := utf8.DecodeRune(s[i:])
		if n > 1 {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		if r == utf8.RuneError || r < ' ' || r == 0x7f || strings.ContainsRune(`/\%*?[`, r) || i == 0 && (r == '.' || special) {
			dst = fmt.Appendf(dst, "%%%02X", s[i])
		} else {
			dst = append(dst, s[i])
		}
		i++
	}
	return dst
}

// Arrange makes the shards of each folder, in the order of their names.
func (s *split) Arrange(left stages.Left) (stages.Arrangement, error) {
	if left.Size > 0 {
		return s.bySize(left), nil
	}
	return s.byShard(left)
}

// byShard makes a shard for each folder and input shard that has rows for it.
func (s *split) byShard(left stages.Left) (stages.Arrangement, error) {
	type target struct {
		label string
		shard int
	}
	all := map[target]int{}
	for b, labels := range left.Labels {
		for _, l := range labels {
			all[target{l.Name, left.Blocks[b].Shard}] = 0
		}
	}
	order := slices.SortedFunc(maps.Keys(all), func(x, y target) int {
		return cmp.Or(cmp.Compare(x.label, y.label), x.shard-y.shard)
	})
	outputs := make([]stages.Output, len(order))
	files := map[string]int{}
	for i, t := range order {
		name := path.Join(t.label, left.Shards[t.shard].Name)
		if files[path.Dir(name)]++; files[path.Dir(name)] > maxFolder {
			return stages.Arrangement{}, fmt.Errorf("output folder %q would hold more than %d files\nset write.shard_size, for fewer and larger ones", path.Join("data", path.Dir(name)), maxFolder)
		}
		outputs[i] = stages.Output{Name: name, Like: t.shard}
		all[t] = i
	}
	return stages.Arrangement{
		Outputs: outputs,
		Rows:    left.Sum(left.Rows),
		Places: func(block int) func(stages.ID, int, func(stages.Place) error) error {
			to := make([]int, len(left.Labels[block]))
			for i, l := range left.Labels[block] {
				to[i] = all[target{l.Name, left.Blocks[block].Shard}]
			}
			return func(_ stages.ID, label int, put func(stages.Place) error) error {
				return put(stages.Place{Output: to[label]})
			}
		},
	}, nil
}

// A folder is what is known of one folder before its shards are cut.
type folder struct {
	bytes int64 // of its rows
	first int   // output
	count int
}

// bySize cuts the rows of each folder, in their order, into equal parts. All rows of a block are taken to
// be of one length.
func (s *split) bySize(left stages.Left) stages.Arrangement {
	folders := map[string]*folder{}
	bases := make([][]int64, len(left.Labels)) // by block and label: bytes of the folder before
	for b, labels := range left.Labels {
		bases[b] = make([]int64, len(labels))
		for i, l := range labels {
			f := folders[l.Name]
			if f == nil {
				f = &folder{}
				folders[l.Name] = f
			}
			bases[b][i] = f.bytes
			f.bytes += part(left, b, l.Rows)
		}
	}
	var outputs []stages.Output
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		f := folders[name]
		f.bytes = max(f.bytes, 1)
		f.first, f.count = len(outputs), count(left, f.bytes)
		for _, o := range numbered("part", left, f.count) {
			o.Name = path.Join(name, o.Name)
			outputs = append(outputs, o)
		}
	}
	return stages.Arrangement{
		Outputs: outputs,
		Rows:    left.Sum(left.Rows),
		Places: func(block int) func(stages.ID, int, func(stages.Place) error) error {
			labels := left.Labels[block]
			rows := make([]int64, len(labels)) // of each label so far
			return func(_ stages.ID, label int, put func(stages.Place) error) error {
				f := folders[labels[label].Name]
				at := bases[block][label] + part(left, block, rows[label])
				rows[label]++
				// Rows may be less than a byte each.
				at = min(at, f.bytes-1)
				return put(stages.Place{Output: f.first + int(share(int64(f.count), at, f.bytes))})
			}
		},
	}
}

// part returns what so many rows of a block take of its bytes.
func part(left stages.Left, block int, rows int64) int64 {
	if rows == left.Rows[block] {
		return left.Bytes[block]
	}
	return share(left.Bytes[block], rows, left.Rows[block])
}
