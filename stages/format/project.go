package format

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/stages"
)

// A projection says which top-level columns of the input are written, and as
// what. nil writes all of them as they are.
type projection struct {
	read   []string // read.columns with the text and id columns, by names in the input; nil: all
	rename map[string]string
	taken  map[string]bool // names that renamed columns take
	write  []string        // write.columns; nil: all
	drop   []string        // write.drop
}

func newProjection(w stages.Write, r stages.Read) (*projection, error) {
	if err := checkRename(r); err != nil {
		return nil, err
	}
	for _, name := range w.Drop {
		if strings.Contains(name, ".") {
			return nil, fmt.Errorf("write.drop: cannot drop %q, only whole columns", name)
		}
	}
	if len(r.Columns)+len(r.Rename)+len(w.Columns)+len(w.Drop) == 0 {
		return nil, nil
	}
	p := &projection{rename: r.Rename, taken: map[string]bool{}, write: ownNames(r, w.Columns), drop: ownNames(r, w.Drop)}
	for _, to := range r.Rename {
		p.taken[to] = true
	}
	if len(r.Columns) > 0 {
		for _, name := range append([]string{r.Text, r.ID}, r.Columns...) {
			if name != "" {
				p.read = append(p.read, cmp.Or(inputName(r, name), name)) // either name of a column that is renamed
			}
		}
	}
	return p, nil
}

// column returns the name under which a top-level column of the input is
// written, and whether it is.
func (p *projection) column(in string) (out string, ok bool) {
	if p == nil {
		return in, true
	}
	if p.read != nil && !covers(p.read, in) {
		return "", false
	}
	out, renamed := p.rename[in]
	if !renamed {
		if out = in; p.taken[in] {
			return "", false
		}
	}
	return out, p.writes(out)
}

// writes says whether a column of the job is written.
func (p *projection) writes(name string) bool {
	return p == nil || (len(p.write) == 0 || covers(p.write, name)) && !slices.Contains(p.drop, name)
}

// covers says whether one of names is the column or something within it.
func covers(names []string, column string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return n == column || strings.HasPrefix(n, column) && n[len(column)] == '.'
	})
}
