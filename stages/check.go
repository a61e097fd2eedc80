package stages

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check returns an error for all that [CheckColumns], [CheckOwn] and [CheckParts] find in the stages of a job with these inputs.
func Check(list []Stage, inputs []Input) error {
	var names []string
	for _, in := range inputs {
		names = append(names, in.Read.Text, in.Read.Own, in.Read.ID, in.Read.AddSource)
	}
	return errors.Join(CheckColumns(list, names...), CheckOwn(list, inputs), CheckParts(list))
}

// CheckColumns returns an error for each column that stages would take from
// each other: that two of them add, that one adds over a column of the input which
// the job (inputs) or an earlier stage reads, that one adds, as all columns that are
// added without text, and a later one reads as text, or that one drops and a later one reads.
func CheckColumns(list []Stage, inputs ...string) error {
	var errs []error
	inputs = slices.Clone(inputs)
	added, readers, dropped := map[string]string{}, map[string]string{}, map[string]string{} // column -> stage
	for _, s := range list {
		errs = append(errs, checkDropped(s, dropped)...)
		for _, n := range s.Columns().Reads {
			if by, ok := added[n.Name]; ok && n.Type == Text {
				errs = append(errs, fmt.Errorf("stage %q reads column %q as text, and stage %q writes numbers or marks into it\ngive one of them another column", s.Name(), n.Name, by))
			} else if !ok {
				inputs = append(inputs, n.Name)
				if readers[n.Name] == "" {
					readers[n.Name] = s.Name()
				}
			}
		}
		for _, name := range s.Columns().Adds {
			by, twice := added[name]
			switch {
			case twice:
				errs = append(errs, fmt.Errorf("stages %q and %q both write column %q\ngive one of them another name or score", by, s.Name(), name))
			case slices.Contains(inputs, name):
				hint := "give it another name or score"
				if by, read := readers[name]; read && by != s.Name() {
					hint += fmt.Sprintf("; or put it in front of stage %q, which reads the column", by)
				}
				errs = append(errs, fmt.Errorf("stage %q would write column %q over that of the input\n%s", s.Name(), name, hint))
			default:
				added[name] = s.Name()
			}
		}
	}
	return errors.Join(errs...)
}

// checkDropped returns an error for each column that a stage reads or writes and an earlier
// one has dropped, and notes those that it drops.
func checkDropped(s Stage, dropped map[string]string) (errs []error) {
	c := s.Columns()
	names := slices.Concat(c.Adds, c.Changes)
	for _, n := range c.Reads {
		top, _, _ := strings.Cut(n.Name, ".")
		names = append(names, n.Name, top)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if by, ok := dropped[name]; ok {
			errs = append(errs, fmt.Errorf("stage %q reads or writes column %q, which stage %q drops\nput the other in front", s.Name(), name, by))
		}
	}
	for _, name := range slices.Concat(c.Drops, c.Takes) {
		dropped[name] = s.Name()
	}
	return errs
}

// CheckOwn returns an error for each stage that reads the text column of a source by the
// source's own name for it.
func CheckOwn(list []Stage, inputs []Input) error {
	var errs []error
	for _, in := range inputs {
		for _, s := range list {
			if own := in.Read.Own; own != "" && slices.ContainsFunc(s.Columns().Reads, func(n Need) bool { return n.Name == own }) {
				errs = append(errs, fmt.Errorf("stage %q reads column %q, which is the text of source %q\nname it %q in the stage, as in [read]", s.Name(), own, in.Name, in.Read.Text))
			}
		}
	}
	return errors.Join(errs...)
}
