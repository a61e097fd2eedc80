package stages

// A Trimmer is a [Shuffler] that takes parts out of texts. Apply adds to b.Trimmed what it
// takes out of a batch.
type Trimmer interface {
	Shuffler
	// Unit is what a part is, in the singular.
	Unit() string
}

// Trimmed is what a stage took out of the texts of a batch, or put something else in the place of.
type Trimmed struct {
	Stage        string
	Kind         string // of the parts, of those that a [Finder] tells apart; "" of a [Trimmer]
	Texts        int64  // that lost something
	Parts, Bytes int64  // that they lost; what stood between parts is bytes too
}

// Trims returns what a stage counts of texts, nothing yet, in the order in which it is kept: one
// element of a [Trimmer], one for each kind of a [Finder], none of any other.
func Trims(s Stage) []Trimmed {
	if _, ok := As[Trimmer](s); ok {
		return []Trimmed{{Stage: s.Name()}}
	}
	r, ok := As[*rewriter](s)
	if !ok {
		return nil
	}
	return r.trims()
}

// trims is [Trims] of the stage.
func (r *rewriter) trims() (all []Trimmed) {
	if f, ok := r.part().(Finder); ok {
		for _, kind := range f.Finds() {
			all = append(all, Trimmed{Stage: r.Name(), Kind: kind})
		}
	}
	return all
}
