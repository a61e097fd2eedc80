package stages_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sluice/stages"
)

type mapper struct {
	name    string
	columns stages.Columns
}

func (m mapper) Name() string                           { return m.name }
func (m mapper) Columns() stages.Columns                { return m.columns }
func (mapper) Map(context.Context, *stages.Batch) error { return nil }

type shuffler struct{ mapper }

func (s shuffler) Tables() stages.Tables { return stages.Tables{Apply: s.name + ".found"} }
func (shuffler) Note(context.Context, *stages.Batch, []stages.Note, func(stages.Note)) error {
	return nil
}
func (shuffler) Rounds() []stages.Round                                    { return nil }
func (shuffler) Apply(context.Context, *stages.Batch, []stages.Note) error { return nil }

// A preparer leaves it to a later stage to apply what it finds.
type preparer struct{ shuffler }

func (preparer) Tables() stages.Tables { return stages.Tables{} }

// Map hides the mapper's method: a shuffler is no mapper.
func (shuffler) Map() {}

type mover struct{ mapper }

func (mover) Arrange(stages.Left) (stages.Arrangement, error) { return stages.Arrangement{}, nil }

// Map hides the mapper's method: a mover is no mapper.
func (mover) Map() {}

func draw(passes []stages.Pass) string {
	var b strings.Builder
	for _, p := range passes {
		for _, s := range p.Steps {
			mark := ""
			if s.Count {
				mark = "*"
			}
			fmt.Fprintf(&b, "%s%s ", s.Stage.Name(), mark)
		}
		if p.Ends != nil {
			fmt.Fprintf(&b, "note-%s ", p.Ends.Name())
		}
		b.WriteString("| ")
	}
	return b.String()
}

func TestPasses(t *testing.T) {
	filter := func(n string) stages.Stage { return mapper{name: n} }
	adder := func(n string) stages.Stage {
		return mapper{n, stages.Columns{Reads: []stages.Need{{Name: "text"}}, Adds: []string{n}}}
	}
	dedup := func(n string) stages.Stage { return shuffler{mapper{name: n}} }
	prepare := func(n string) stages.Stage { return preparer{shuffler{mapper{name: n}}} }
	for _, c := range []struct {
		list []stages.Stage
		want string
	}{
		{nil, "| "},
		{[]stages.Stage{filter("f")}, "f* | "},
		{[]stages.Stage{dedup("d")}, "note-d | d* | "},
		// A filter before a dedup is not run again: the rows it left are known.
		{[]stages.Stage{filter("f"), dedup("d"), filter("g")}, "f* note-d | d* g* | "},
		// A stage that adds a column is, because the column is to be written.
		{[]stages.Stage{adder("a"), dedup("d")}, "a* note-d | a d* | "},
		// A shuffler that only prepares has no step.
		{[]stages.Stage{filter("f"), prepare("p"), dedup("d"), filter("g")}, "f* note-p | note-d | d* g* | "},
		// A mover is counted in the last pass, and ends none.
		{[]stages.Stage{filter("f"), dedup("d"), mover{mapper{name: "m"}}}, "f* note-d | d* m* | "},
		{[]stages.Stage{mover{mapper{name: "m"}}}, "m* | "},
		// The last pass lists the duplicates of all dedups.
		{[]stages.Stage{dedup("d"), filter("f"), dedup("e"), filter("g")}, "note-d | d* f* note-e | d e* g* | "},
	} {
		if got := draw(stages.Passes(c.list)); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
	needs := stages.Passes([]stages.Stage{adder("a"), dedup("d")})[1].Needs()
	if len(needs) != 1 || needs[0].Name != "text" {
		t.Errorf("needs %v, want text for the stage that runs again", needs)
	}
}

// A pass reads what a shuffler changes there, and not what it only compared.
func TestNeedsOfChanges(t *testing.T) {
	changer := shuffler{mapper{"d", stages.Columns{Reads: []stages.Need{{Name: "text"}, {Name: "url"}}, Changes: []string{"text"}}}}
	other := shuffler{mapper{"e", stages.Columns{Reads: []stages.Need{{Name: "title"}}}}}
	for i, want := range []string{"[{text 0 false} {url 0 false}]", "[{text 0 false} {title 0 false}]", "[{text 0 false}]"} {
		if got := fmt.Sprint(stages.Passes([]stages.Stage{changer, other})[i].Needs()); got != want {
			t.Errorf("pass %d needs %s, want %s", i+1, got, want)
		}
	}
}
