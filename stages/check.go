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
// added without text, and a later one reads as text, or that one drops and a later one reads. What one takes
// back that an earlier one has added, a later one may add again.
func CheckColumns(list []Stage, inputs ...string) error {
	var errs []error
	inputs = slices.Clone(inputs)
	added, readers := map[string]string{}, map[string]string{} // column -> stage
	dropped, taken := map[string]string{}, map[string]string{}
	for _, s := range list {
		c := s.Columns()
		errs = append(errs, errors.Join(checkGone(s, dropped, slices.Concat(c.Adds, c.Changes)), checkGone(s, taken, c.Changes)))
		for _, name := range c.Drops {
			dropped[name] = s.Name()
		}
		for _, n := range c.Reads {
			if by, ok := added[n.Name]; ok && n.Type == Text {
				errs = append(errs, fmt.Errorf("stage %q reads column %q as text, and stage %q writes numbers or marks into it\ngive one of them another column", s.Name(), n.Name, by))
			} else if !ok {
				inputs = append(inputs, n.Name)
				if readers[n.Name] == "" {
					readers[n.Name] = s.Name()
				}
			}
		}
		for _, name := range c.Adds {
			by, twice := added[name]
			switch {
			case twice:
				errs = append(errs, fmt.Errorf("stages %q and %q both write column %q\n"+
					"let one of them write another: by its name or score, or the key that names the column", by, s.Name(), name))
			case slices.Contains(inputs, name):
				hint := "let it write another: by its name or score, or the key that names the column"
				if by, read := readers[name]; read && by != s.Name() {
					hint += fmt.Sprintf("; or put it in front of stage %q, which reads the column", by)
				}
				errs = append(errs, fmt.Errorf("stage %q would write column %q over that of the input\n%s", s.Name(), name, hint))
			default:
				added[name] = s.Name()
				delete(taken, name)
			}
		}
		for _, name := range c.Takes {
			delete(added, name)
			taken[name] = s.Name()
		}
	}
	return errors.Join(errs...)
}

// checkGone returns an error for each column that a stage reads, or that is among those that it writes, and that an
// earlier one has dropped or taken.
func checkGone(s Stage, gone map[string]string, names []string) error {
	var errs []error
	names = slices.Clone(names)
	for _, n := range s.Columns().Reads {
		top, _, _ := strings.Cut(n.Name, ".")
		names = append(names, n.Name, top)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if by, ok := gone[name]; ok {
			errs = append(errs, fmt.Errorf("stage %q reads or writes column %q, which stage %q drops\nput the other in front", s.Name(), name, by))
		}
	}
	return errors.Join(errs...)
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
