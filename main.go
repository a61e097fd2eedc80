// Sluice curates training data: it reads shards of samples, filters and
// deduplicates them on one machine or on many under Slurm, and writes shards.
// What to do stands in a job file; each verb is a file of this package.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sluice/mpi"
	"sluice/stages"
	"sluice/stages/format"
	"sluice/stages/job"
	"sluice/stages/pipeline"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2  // command line or job file wrong, or another job than the one in OUT
	exitDamaged = 3  // done, damaged input skipped
	exitStopped = 85 // stopped on a signal, to be continued
)

// A program is what the verbs work with.
type program struct {
	stdout io.Writer
	stderr *speaker
}

// A verb is one thing that the program does.
type verb struct {
	name  string
	help  string // one line
	usage string // a page
	flags []string
	run   func(p *program, args []string) error
}

// verbs returns all verbs in the order of the help.
func verbs() []verb {
	return []verb{
		{"run", "run a job, or go on with one", runUsage, runFlags, (*program).run},
		{"plan", "say what a job will cost", planUsage, planFlags, (*program).plan},
		{"bench", "measure the program on this machine", benchUsage(), benchFlags, (*program).bench},
		{"submit", "write the batch script of a job and hand it to Slurm", submitUsage, submitFlags, (*program).submit},
		{"status", "say how far a job is", statusUsage, nil, (*program).status},
		{"explain", "tell what became of one sample", explainUsage, nil, (*program).explain},
		{"stages", "list the stages, or print one to paste", stagesUsage, nil, (*program).stages},
		{"devices", "list what this node computes on", devicesUsage, nil, (*program).devices},
		{"version", "print the version", versionUsage, nil, (*program).version},
		{"completion", "print the completion of a shell", completionUsage, nil, (*program).completion},
	}
}

const mainUsage = `usage: sluice VERB [ARGUMENTS]

%s
Results go to standard output, everything else to standard error.

exit codes:
   0  done
   1  failed
   2  command line or job file wrong, or another job than the one in OUT
   3  done, damaged input skipped
  85  stopped on a signal, to be continued by the same command

examples:
  sluice stages dedup.exact >> job.toml
  sluice plan job.toml --ranks 64
  sluice run job.toml
  srun --mpi=pmix sluice run job.toml

sluice VERB --help tells more of a verb.
`

func main() {
	p := &program{os.Stdout, &speaker{to: os.Stderr}}
	os.Exit(p.main(os.Args[1:]))
}

// main runs the verb that args begin with and returns the exit code.
func (p *program) main(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, p.usage())
		return exitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help", "help":
		if len(rest) == 0 {
			fmt.Fprint(p.stdout, p.usage())
			return exitDone
		}
		name, rest = rest[0], []string{"--help"}
	case "-V", "-version", "--version":
		name = "version"
	}
	for _, v := range verbs() {
		if v.name == name {
			return p.end(v, v.run(p, rest))
		}
	}
	return p.end(verb{}, unknownVerb(name))
}

func (p *program) usage() string {
	var list strings.Builder
	for _, v := range verbs() {
		fmt.Fprintf(&list, "  %-11s %s\n", v.name, v.help)
	}
	return fmt.Sprintf(mainUsage, list.String())
}

func unknownVerb(name string) error {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	hint := "have " + strings.Join(names, ", ")
	if strings.HasSuffix(name, ".toml") {
		hint = "did you mean: sluice run " + name
	} else if near := job.DidYouMean(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return usageError{fmt.Errorf("no verb %q\n%s", name, hint)}
}

// end says what is wrong and returns the exit code.
func (p *program) end(v verb, err error) int {
	var code codeError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errHelp):
		fmt.Fprint(p.stdout, v.usage)
		return exitDone
	case errors.As(err, &code):
		if code.err != nil {
			p.sayError(code.err)
		}
		return code.code
	}
	p.sayError(err)
	return exitCode(err)
}

// exitCode returns the code that an error ends the program with.
func exitCode(err error) int {
	var mistakes job.Mistakes
	var usage usageError
	var wrong *pipeline.JobError
	var missing *format.MissingColumn
	var row *stages.RowError
	var code codeError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return code.code
	case errors.Is(err, mpi.ErrStopped):
		return exitStopped
	case errors.As(err, &mistakes), errors.As(err, &usage), errors.As(err, &wrong), errors.As(err, &missing), errors.As(err, &row):
		return exitUsage
	}
	return exitFailed
}

// A usageError is a wrong command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// A codeError ends the program with a code, after saying err if there is one.
type codeError struct {
	code int
	err  error
}

func (c codeError) Error() string { return fmt.Sprintf("exit %d: %v", c.code, c.err) }
