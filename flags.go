package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sluice/stages/job"
)

// errHelp asks for the page of help.
var errHelp = errors.New("help is wanted")

// flagSet holds the flags of a verb by name. Flags may stand before and after
// other arguments, as --x y or --x=y; a switch takes no value but =true or
// =false; after -- there are no more flags.
type flagSet struct {
	switches map[string]*bool
	values   map[string]func(string) error
}

// parse stores the flags and returns the other arguments.
func (f flagSet) parse(args []string) (rest []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return append(rest, args...), nil
		}
		name, isFlag := strings.CutPrefix(arg, "-")
		if !isFlag || name == "" {
			rest = append(rest, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if name == "h" || name == "help" {
			return nil, errHelp
		}
		if on := f.switches[name]; on != nil {
			*on = true
			if hasValue {
				if *on, err = strconv.ParseBool(value); err != nil {
					return nil, usageError{fmt.Errorf("--%s=%s: want true or false", name, value)}
				}
			}
			continue
		}
		set := f.values[name]
		if set == nil {
			return nil, f.unknown(name)
		}
		if !hasValue {
			if len(args) == 0 {
				return nil, usageError{fmt.Errorf("--%s needs a value", name)}
			}
			value, args = args[0], args[1:]
		}
		if err := set(value); err != nil {
			return nil, usageError{fmt.Errorf("--%s %s: %w", name, value, err)}
		}
	}
	return rest, nil
}

func (f flagSet) unknown(name string) error {
	var names []string
	for n := range f.switches {
		names = append(names, n)
	}
	for n := range f.values {
		names = append(names, n)
	}
	slices.Sort(names)
	text := fmt.Sprintf("unknown flag --%s", name)
	if len(names) > 0 {
		text += "; have --" + strings.Join(names, ", --")
	}
	if near := job.DidYouMean(name, names); near != "" {
		text += fmt.Sprintf("\ndid you mean --%s?", near)
	}
	return usageError{errors.New(text)}
}

// list collects the values of a flag that may be given several times.
func list(to *[]string) func(string) error {
	return func(s string) error {
		*to = append(*to, s)
		return nil
	}
}

// text takes a string.
func text(to *string) func(string) error {
	return func(s string) error {
		*to = s
		return nil
	}
}

// atLeastOne takes a number from 1.
func atLeastOne(to *int) func(string) error { return atLeast(1, to) }

// atLeast takes a whole number from least on.
func atLeast(least int, to *int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least {
			return fmt.Errorf("want a whole number, %d or more", least)
		}
		*to = n
		return nil
	}
}

// fraction takes a number above 0, up to 1.
func fraction(to *float64) func(string) error {
	return func(s string) error {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || !(x > 0 && x <= 1) {
			return errors.New("want a number above 0, up to 1")
		}
		*to = x
		return nil
	}
}

// arguments checks the number of arguments that are no flags; names says
// what they are.
func arguments(args []string, verb string, names ...string) error {
	synopsis := strings.TrimSpace("usage: sluice " + verb + " " + strings.Join(names, " "))
	if len(args) < len(names) {
		return usageError{fmt.Errorf("%s: %s is missing\n%s", verb, names[len(args)], synopsis)}
	}
	if len(args) > len(names) {
		return usageError{fmt.Errorf("%s: unexpected argument %q\n%s", verb, args[len(names)], synopsis)}
	}
	return nil
}
