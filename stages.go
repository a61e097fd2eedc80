package main

import (
	"fmt"
	"slices"
	"strings"

	"sluice/stages/catalog"
	"sluice/stages/job"
)

const stagesUsage = `usage: sluice stages [--recipe] [NAME]

Lists the stages with a line of help each. With the name of a stage, prints
its table with all keys, their defaults and their help, to paste into a job file.

  --recipe     recipes instead of stages: lists of stages that a job file takes
               up with recipe = "NAME", to take as they are or to copy and change

examples:
  sluice stages
  sluice stages dedup.exact >> job.toml
  sluice stages --recipe curator-english
`

// stages lists the stages, or prints the table of one.
func (p *program) stages(args []string) error {
	var recipe bool
	args, err := flagSet{switches: map[string]*bool{"recipe": &recipe}}.parse(args)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		if err := arguments(args, "stages", "NAME"); err != nil {
			return err
		}
	}
	names, help, text := catalog.All().Names(), stageHelp, stageTable
	what := "stage"
	if recipe {
		names, help, text = catalog.Recipes().Names(), recipeHelp, recipeText
		what = "recipe"
	}
	if len(args) == 0 {
		p.list(names, help)
		return nil
	}
	if !slices.Contains(names, args[0]) {
		hint := "sluice stages lists them"
		if recipe {
			hint = "sluice stages --recipe lists them"
		}
		if near := job.DidYouMean(args[0], names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return usageError{fmt.Errorf("no %s %q\n%s", what, args[0], hint)}
	}
	fmt.Fprint(p.stdout, text(args[0]))
	return nil
}

// list prints names with a line of help each.
func (p *program) list(names []string, help func(string) string) {
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	for _, name := range names {
		fmt.Fprintf(p.stdout, "%-*s  %s\n", width, name, help(name))
	}
}

func stageHelp(name string) string  { return catalog.All()[name].Doc }
func stageTable(name string) string { return catalog.All()[name].Table(name) }
func recipeText(name string) string { return catalog.Recipes()[name] }

// recipeHelp is the first line of the recipe, which is a comment.
func recipeHelp(name string) string {
	line, _, _ := strings.Cut(recipeText(name), "\n")
	return strings.TrimPrefix(line, "# ")
}
