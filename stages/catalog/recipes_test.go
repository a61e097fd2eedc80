package catalog

import (
	"strings"
	"testing"

	"sluice/stages/job"
)

// TestRecipes holds each recipe to what a user expects: a line of help, stages that can be built beside the
// files that they name (they lie in testdata), and each bound written out.
func TestRecipes(t *testing.T) {
	recipes := Recipes()
	for name, text := range recipes {
		t.Run(name, func(t *testing.T) {
			if line, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(line, "# ") || strings.HasSuffix(line, ".") {
				t.Errorf("the first line is %q: want a comment in the style of the others", line)
			}
			dir := examples(t)
			j := parse(t, dir, "[[stage]]\nrecipe = '"+name+"'\n")
			if len(j.Stages) != strings.Count(text, "[[stage]]") {
				t.Errorf("%d stages, the file has %d", len(j.Stages), strings.Count(text, "[[stage]]"))
			}
			if _, err := j.Build(); err != nil {
				t.Error(err)
			}
			copied := parse(t, dir, text)
			if d := job.Diff(j.Canonical(), copied.Canonical()); d != "" {
				t.Errorf("the recipe and its copy differ:\n%s", d)
			}
		})
	}
}
