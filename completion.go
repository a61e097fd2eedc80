package main

import (
	"fmt"
	"strings"

	"sluice/stages/catalog"
)

const completionUsage = `usage: sluice completion bash

Prints a script that completes verbs, flags, stages and job files.

example:
  echo 'source <(sluice completion bash)' >> ~/.bashrc
`

const bashCompletion = `# bash completion of sluice
_sluice() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} flags= words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "%s" -- "$word"))
        return
    fi
    case $verb in
%s    esac
    case $word in
    -*) COMPREPLY=($(compgen -W "--help $flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    esac
}
complete -o default -F _sluice sluice
`

// completion prints the completion of a shell.
func (p *program) completion(args []string) error {
	args, err := flagSet{}.parse(args)
	if err != nil {
		return err
	}
	if err := arguments(args, "completion", "bash"); err != nil {
		return err
	}
	if args[0] != "bash" {
		return usageError{fmt.Errorf("no completion for %q; have bash", args[0])}
	}
	var names []string
	var cases strings.Builder
	for _, v := range verbs() {
		names = append(names, v.name)
		var words string
		switch v.name {
		case "stages":
			words = strings.Join(catalog.All().Names(), " ")
		case "completion":
			words = "bash"
		}
		if len(v.flags) > 0 || words != "" {
			flags := ""
			for _, f := range v.flags {
				flags += " --" + f
			}
			fmt.Fprintf(&cases, "    %s) flags=%q words=%q ;;\n", v.name, strings.TrimSpace(flags), words)
		}
	}
	fmt.Fprintf(p.stdout, bashCompletion, strings.Join(names, " "), cases.String())
	return nil
}
