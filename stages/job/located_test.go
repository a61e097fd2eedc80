package job

import (
	"errors"
	"strings"
	"testing"

	"sluice/stages"
)

// A mistake in a row is found at the line of its key: in an include, in a setting, in the table of a stage that makes several.
func TestPlaceOf(t *testing.T) {
	text := "include = \"b.toml\"\ninput = \"in\"\noutput = \"out\"\n[[stage]]\nuse = \"text.length\"\nname = \"a\"\nwhen = \"n > 1\"\n" +
		"[[stage]]\nuse = \"text.length\"\nname = \"ab\"\n\nscore = \"x\"\n"
	j, err := Parse("/j/job.toml", catalog(), files{"/j/job.toml": text, "/j/b.toml": "\n[[stage]]\nuse = \"text.length\"\n"}.options("stage.ab.when='n > 2'"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ stage, key, want string }{
		{"a", "when", "/j/job.toml:7"}, {"a", "score", "/j/job.toml:5"}, {"a", "", "/j/job.toml:5"},
		{"ab", "score", "/j/job.toml:12"}, {"ab.sketches", "score", "/j/job.toml:12"}, {"ab", "when", "--set stage.ab.when"},
		{"text.length", "when", "/j/b.toml:3"}, {"other", "when", ""},
	} {
		if got := j.PlaceOf(c.stage, c.key).String(); got != c.want {
			t.Errorf("%s of %q is at %q, want %q", c.key, c.stage, got, c.want)
		}
	}
	wrong := errors.New("wrong")
	row := &stages.RowError{Batch: stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 1), Key: "when", Err: wrong}
	err = j.Locate(&stages.StageError{Stage: dummy{name: "a"}, Err: row})
	if !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), `/j/job.toml:7: stage "a", row 0`) {
		t.Errorf("error %v", err)
	}
	if got := j.Locate(wrong); got != wrong {
		t.Errorf("of another error: %v", got)
	}
}

// A reading is a stage that reads a column and adds one.
type reading struct {
	dummy
	reads, adds string
}

func (r reading) Columns() stages.Columns {
	return stages.Columns{Reads: []stages.Need{{Name: r.reads}}, Adds: []string{r.adds}}
}

func TestWants(t *testing.T) {
	j := mustParse(t, "input = \"in\"\noutput = \"out\"\n[[stage]]\nuse = \"text.length\"\nname = \"a\"\n[[stage]]\nuse = \"text.length\"\nname = \"b\"\ncolumn = \"lagn\"\n")
	list := []stages.Stage{reading{dummy{name: "a"}, "text", "lang"}, reading{dummy{name: "b"}, "lagn", "lagm"}, reading{dummy{name: "c"}, "lagn", "lagn2"}}
	at, hint := j.Wants(list, "lagn", []string{"n", "text"})
	if at.Line != 9 || hint != `stage "b" reads it; did you mean "lang"?` {
		t.Errorf("line %d: %s", at.Line, hint)
	}
	for column, want := range map[string]string{
		"n":    `stage "d" reads it; read.rename makes "words" of it`,
		"n.s":  `stage "d" reads it; read.rename makes "words.s" of it`,
		"wrds": `stage "d" reads it; did you mean "words"?`,
		"text": `stage "d" reads it`, // as it is where no row has it
	} {
		j := mustParse(t, "input = \"in\"\noutput = \"out\"\n[read]\nrename = {n = \"words\"}\n[[stage]]\nuse = \"text.length\"\n")
		if _, hint := j.Wants([]stages.Stage{reading{dummy{name: "d"}, column, "x"}}, column, []string{"n", "n.s", "text"}); hint != want {
			t.Errorf("of %s: %s", column, hint)
		}
	}
	if at, hint = j.Wants(list, "zzz", nil); at != (Place{}) || hint != "" {
		t.Errorf("of a column that nobody reads: %v %s", at, hint)
	}
}
