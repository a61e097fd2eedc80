package job

import (
	"strings"
	"testing"

	"sluice/stages"
)

type ownConfig struct {
	Action string `toml:"action" doc:"what it does"`
}

// A stage may have a key of its own that is named as a common one: it takes what
// the stage takes, stands in the canonical form once, and has its own help.
func TestOwnKeyWinsOverCommonOne(t *testing.T) {
	var common stages.Common
	own := Catalog{"text.own": NewEntry("have an action", ownConfig{"replace"}, func(c stages.Common, o ownConfig) ([]stages.Stage, error) {
		common = c
		return []stages.Stage{dummy{name: c.Name, config: o}}, nil
	}).Takes("score")}
	read := func(text string, set ...string) (*Job, error) {
		return Parse("/j/job.toml", own, files{"/j/job.toml": small + "[[stage]]\nuse = 'text.own'\n" + text}.options(set...))
	}
	for text, want := range map[string]string{"": "replace", "action = 'hash'": "hash", "action = 'drop'\nscore = 's'": "drop"} {
		j, err := read(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if c := j.Stages[0].Config.(ownConfig); c.Action != want || common.Action != "" {
			t.Errorf("%q: own action %q, want %q; common action %q, want none", text, c.Action, want, common.Action)
		}
		if n := strings.Count(string(j.Canonical()), ".action = "); n != 1 {
			t.Errorf("%q: action stands %d times in\n%s", text, n, j.Canonical())
		}
		again, err := Recall(j.Canonical(), "/out", own)
		if err != nil || again.Stages[0].Config.(ownConfig).Action != want {
			t.Errorf("%q: recalled as %+v, %v", text, again, err)
		}
	}
	if j, err := read("", "stage.text.own.action=hash"); err != nil || j.Stages[0].Config.(ownConfig).Action != "hash" {
		t.Errorf("--set: %+v, %v", j, err)
	}
	if _, err := read("invert = true"); err == nil || !strings.Contains(err.Error(), `unknown key "invert"`) {
		t.Errorf("invert: %v", err)
	}
	table := own["text.own"].Table("text.own")
	if strings.Count(table, "action = ") != 1 || !strings.Contains(table, "\naction = \"replace\"") {
		t.Errorf("the help shows\n%s", table)
	}
}
