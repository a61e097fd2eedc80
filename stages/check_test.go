package stages_test

import (
	"strings"
	"testing"

	"sluice/stages"
)

func TestCheckColumns(t *testing.T) {
	stage := func(name, reads string, adds ...string) stages.Stage {
		return mapper{name, stages.Columns{Reads: []stages.Need{{Name: reads}}, Adds: adds}}
	}
	dropper := func(name, column string) stages.Stage {
		return mapper{name, stages.Columns{Drops: []string{column}}}
	}
	split := mapper{"split", stages.Columns{Adds: []string{"n"}}}
	join := mapper{"join", stages.Columns{Reads: []stages.Need{{Name: "n", Type: stages.Scalars}}, Takes: []string{"n"}}}
	for _, c := range []struct {
		list []stages.Stage
		want string // in the error; "" for none
	}{
		{[]stages.Stage{stage("a", "text", "x"), stage("b", "text", "y")}, ""},
		{[]stages.Stage{stage("a", "x"), stage("b", "text", "x")}, `stage "b" would write column "x"`},
		{[]stages.Stage{stage("a", "text", "x"), stage("b", "text", "x")}, `stages "a" and "b" both write column "x"`},
		{[]stages.Stage{stage("a", "x"), stage("b", "text", "x")}, `or put it in front of stage "a"`},
		{[]stages.Stage{dropper("a", "x"), stage("b", "text", "y")}, ""},
		{[]stages.Stage{dropper("a", "x"), stage("b", "x")}, `stage "b" reads or writes column "x", which stage "a" drops`},
		{[]stages.Stage{dropper("a", "x"), stage("b", "x.y")}, `stage "b" reads or writes column "x", which stage "a" drops`},
		{[]stages.Stage{dropper("a", "x"), stage("b", "text", "x")}, `stage "b" reads or writes column "x", which stage "a" drops`},
		{[]stages.Stage{split, join, split, join, split}, ""},
		{[]stages.Stage{split, split}, "the key that names the column"},
		{[]stages.Stage{split, join, split, split}, `stages "split" and "split" both write column "n"`},
		{[]stages.Stage{split, join, join}, `stage "join" reads or writes column "n", which stage "join" drops`},
		{[]stages.Stage{split, join, dropper("a", "n"), split}, `stage "split" reads or writes column "n", which stage "a" drops`},
		{[]stages.Stage{stage("a", "text", "text")}, `stage "a" would write column "text"`},
		{[]stages.Stage{stage("a", "text", "x"), stage("b", "x")}, `stage "b" reads column "x" as text`},
	} {
		err := stages.CheckColumns(c.list, "text")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
