package job

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Place is where something stands: a line of a file, or a --set.
type Place struct {
	File string // as the user would name it; "--set KEY" for a setting
	Line int    // from 1; 0 where the line is not known
}

func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// A Mistake is one thing that is wrong with a job file.
type Mistake struct {
	Place
	Text string // one line, with the legal values
	Hint string // what to do, one line; "" where there is nothing to add
}

func (m Mistake) Error() string {
	s := m.Place.String() + ": " + m.Text
	if m.Hint != "" {
		s += "\n" + m.Hint
	}
	return s
}

// Mistakes is the error of [Parse]: all that is wrong, in the order of files
// and lines.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i := range m {
		lines[i] = m[i].Error()
	}
	return strings.Join(lines, "\n")
}

// sorted orders the mistakes by line within each file; files keep the order
// in which they were first found to be wrong.
func (m Mistakes) sorted() Mistakes {
	order := map[string]int{}
	for _, x := range m {
		if _, ok := order[x.File]; !ok {
			order[x.File] = len(order)
		}
	}
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(order[a.File], order[b.File]), cmp.Compare(a.Line, b.Line))
	})
	return slices.Compact(m)
}

// DidYouMean returns the one of legal that name is most likely a slip of, or
// "" if none is near.
func DidYouMean(name string, legal []string) string {
	best, least := "", len(name)/3+1
	for _, l := range legal {
		if d := distance(strings.ToLower(name), strings.ToLower(l)); d <= least && (best == "" || d < least) {
			best, least = l, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64 // nobody slips a whole sentence
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := above[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

// meant returns the hint that goes with a misspelt name.
func meant(name string, legal []string) string {
	if d := DidYouMean(name, legal); d != "" {
		return fmt.Sprintf("did you mean %q?", d)
	}
	return ""
}

// have lists legal values for a message.
func have(legal []string) string {
	const most = 24
	if len(legal) > most {
		return strings.Join(legal[:most], ", ") + ", ..."
	}
	return strings.Join(legal, ", ")
}

// complaints notes what others found wrong with the values of t: err may be
// several errors joined. One that begins with a key of t is about its line.
func (p *parser) complaints(err error, at Place, t table, prefix string) {
	if err == nil {
		return
	}
	all := []error{err}
	if many, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		all = many.Unwrap()
	}
	for _, err := range all {
		text, hint := cutLine(err.Error())
		place := at
		if n := t[firstKey(text)]; n != nil {
			place = n.Place
		}
		p.mistakes = append(p.mistakes, Mistake{place, prefix + text, hint})
	}
}

// firstKey returns the key that a message begins with: of "job.nodes: 0 is
// less than 1" and of "nodes = 0 is less than 1" it is "nodes".
func firstKey(text string) string {
	end := strings.IndexAny(text, " :")
	if end < 0 {
		return ""
	}
	return text[strings.LastIndexByte(text[:end], '.')+1 : end]
}

// cutLine splits a text into its first line and the rest as one line.
func cutLine(s string) (first, rest string) {
	first, rest, _ = strings.Cut(s, "\n")
	return first, strings.ReplaceAll(rest, "\n", " ")
}
