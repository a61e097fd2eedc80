package stages

import "math"

// A Verdict does to rows what a stage thinks of them, by the common keys action,
// score and invert. Filters have one; a stage that judges by more than one column uses it itself.
type Verdict struct {
	Common Common
	Into   string // column for the label; "" = none
}

// Columns returns those of a stage that reads these columns, and writes what the verdict does.
func (v *Verdict) Columns(reads ...Need) Columns {
	c := Columns{Reads: reads, Kinds: map[string]Kind{}}
	add := func(name string, kind Kind) {
		c.Adds = append(c.Adds, name)
		c.Kinds[name] = kind
	}
	if v.Common.Score != "" {
		add(v.Common.Score, Float)
	}
	if v.Into != "" {
		add(v.Into, String)
	}
	if v.Common.Action == "mark" {
		add(v.Common.Name, Bool)
	}
	return c
}

// Settle writes score and label of row i of b, which has the columns, and drops or marks it.
func (v *Verdict) Settle(b *Batch, i int, c Class) {
	known := !math.IsNaN(c.Score)
	if v.Common.Score != "" && known {
		b.Column(v.Common.Score).Values[i] = Scalar{Kind: Float, Float: c.Score}
	}
	if v.Into != "" && c.Label != nil {
		b.Column(v.Into).Values[i] = Scalar{Kind: String, Str: c.Label}
	}
	stays := known && c.Stays != v.Common.Invert
	switch {
	case v.Common.Action == "mark":
		mark := Scalar{Kind: Bool}
		if stays {
			mark.Int = 1
		}
		b.Column(v.Common.Name).Values[i] = mark
	case !stays:
		b.Reject(i, v.Common.Name, c.Score)
	}
}
