package bench

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Found is how many of so many pairs are in one cluster.
type Found struct {
	Name  string
	Found int
	Of    int
}

// Share returns the share that was found; 0 of none.
func (f Found) Share() float64 { return float64(f.Found) / float64(max(1, f.Of)) }

// binEdges cut J into the bins of a [Score]; equal sets have a bin of their own.
var binEdges = [...]float64{.5, .6, .7, .75, .8, .85, .9, .95, .9999, 2}

func binOf(j float64) int {
	bin := 0
	for bin+2 < len(binEdges) && j >= binEdges[bin+1] {
		bin++
	}
	return bin
}

func binName(bin int) string {
	edge := func(i int) string { return strconv.FormatFloat(min(binEdges[i], 1), 'g', 2, 64) }
	if bin == len(binEdges)-2 {
		return "[1, 1]"
	}
	return "[" + edge(bin) + ", " + edge(bin+1) + ")"
}

// planted counts planted documents that are with the one that they were made from.
func (t *Truth) planted(c *Clustering) []Found {
	at := map[string]int{}
	var all []Found
	for _, p := range t.Planted {
		name := p.Kind
		if p.Parameter != "" && !slices.Contains([]string{"exact", "norm", "append"}, p.Kind) {
			name += ":" + p.Parameter
		}
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name] = i
			all = append(all, Found{Name: name})
		}
		all[i].Of++
		if c.together(p.ID, p.Base) {
			all[i].Found++
		}
	}
	slices.SortStableFunc(all, func(a, b Found) int {
		kind, x, _ := strings.Cut(a.Name, ":")
		other, y, _ := strings.Cut(b.Name, ":")
		m, _ := strconv.ParseFloat(x, 64)
		n, _ := strconv.ParseFloat(y, 64)
		return cmp.Or(cmp.Compare(kind, other), cmp.Compare(m, n))
	})
	return all
}
