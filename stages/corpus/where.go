package corpus

import (
	"context"

	"sluice/stages"
)

// Where is the table of corpus.where.
type Where struct {
	Where string `toml:"where" doc:"condition over columns; rows stay for which it is true, and go where it is false or null"`
}

type where struct {
	name      string
	condition *stages.Expression
}

// NewWhere returns the stage that keeps the rows for which a condition is true.
// What conditions are stands in package expr.
func NewWhere(c stages.Common, w Where) ([]stages.Stage, error) {
	condition, err := stages.NewCondition("where", w.Where)
	return []stages.Stage{&where{c.Name, condition}}, err
}

func (w *where) Name() string { return w.name }

func (w *where) Columns() stages.Columns { return stages.Columns{Reads: w.condition.Needs()} }

func (w *where) Map(_ context.Context, b *stages.Batch) error {
	condition := w.condition.On(b)
	defer condition.End()
	for i, kept := range b.Keep {
		if !kept {
			continue
		}
		holds, err := condition.Holds(i)
		if err != nil {
			return err
		}
		if !holds {
			b.Drop(i)
		}
	}
	return nil
}
