package stages

import (
	"math"

	"sluice/stages/scan"
)

// A Classifier puts each sample into a class. [NewClassifier] makes a stage of it. Classify
// is called from several goroutines; the document is as for a [Filter].
type Classifier interface {
	Classify(d *scan.Document) Class
}

// A Class is what a classifier says of a sample.
type Class struct {
	Label []byte  // nil = none; nobody changes it
	Score float64 // how sure that is, or how good; NaN = nothing is known of the text, and then it goes
	Stays bool
}

// NewClassifier returns the map stage that asks f about column c.Column. It writes the
// label in column into, unless that is "", and drops what does not stay, or marks what does, with the
// common keys action, score and invert. In a row with filters it shares their document.
func NewClassifier(c Common, into string, f Classifier) Mapper {
	return &filter{verdict: Verdict{c, into}, Classifier: f}
}

// Labels returns the columns that classifiers write labels in, by the name of the stage. Those that
// are to write none are given a column, which is called as the function says.
func Labels(list []Stage, column func(name string) string) map[string]string {
	labels := map[string]string{}
	for _, s := range list {
		f, ok := s.(*filter)
		if !ok {
			continue
		}
		if _, plain := f.Classifier.(scored); plain {
			continue
		}
		if f.verdict.Into == "" {
			f.verdict.Into = column(f.verdict.Common.Name)
		}
		labels[f.verdict.Common.Name] = f.verdict.Into
	}
	return labels
}

// scored makes a classifier of a filter.
type scored struct{ Filter }

func (f scored) Classify(d *scan.Document) Class {
	s := f.Score(d)
	return Class{Score: s, Stays: !math.IsNaN(s) && f.Keep(s)}
}
