package main

import (
	"fmt"

	"sluice/stages/catalog"
	"sluice/stages/job"
)

const stagesUsage = `usage: sluice stages [NAME]

Lists the stages with a line of help each. With the name of a stage, prints
its table with all keys, their defaults and their help, to paste into a job file.

examples:
  sluice stages
  sluice stages dedup.exact >> job.toml
`

// stages lists the stages, or prints the table of one.
func (p *program) stages(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	all := catalog.All()
	if len(args) == 0 {
		width := 0
		for name := range all {
			width = max(width, len(name))
		}
		for _, name := range all.Names() {
			fmt.Fprintf(p.stdout, "%-*s  %s\n", width, name, all[name].Doc)
		}
		return nil
	}
	if err := arguments(args, "stages", "NAME"); err != nil {
		return err
	}
	entry, ok := all[args[0]]
	if !ok {
		hint := "sluice stages lists them"
		if near := job.DidYouMean(args[0], all.Names()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return usageError{fmt.Errorf("no stage %q\n%s", args[0], hint)}
	}
	fmt.Fprint(p.stdout, entry.Table(args[0]))
	return nil
}
