package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// A Result is what lies in bench/results/NAME.json.
type Result struct {
	Name    string    `json:"name"`
	Command string    `json:"command"`
	When    time.Time `json:"when"`
	Commit  string    `json:"commit"`
	Machine Machine   `json:"machine"`
	Figures []Figure  `json:"figures"`
}

// A Machine is where a result was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Memory int64  `json:"memory"` // bytes
	OS     string `json:"os"`
	Go     string `json:"go"`
}

// A Figure is one measured number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Aim   string  `json:"aim,omitempty"`
}

// commit returns the commit that this program was built of, or, where the build
// does not say (-buildvcs=false, a linked worktree), that of the working directory.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if c := stamped(info.Settings); c != "" {
			return c
		}
	}
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// stamped returns the commit of a build, "" where it says none.
func stamped(settings []debug.BuildSetting) (revision string) {
	dirty := ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + dirty
}

func machine() Machine {
	m := Machine{CPU: "unknown", Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	m.CPU = firstField("/proc/cpuinfo", "model name")
	var kib int64
	if _, err := fmt.Sscanf(firstField("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m.Memory = kib * 1024
	}
	return m
}

// firstField returns the first value of a key in a file of "key : value" lines.
func firstField(path, key string) string {
	p, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(p)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// Write writes a result into a folder.
func (r *Result) Write(dir string) error {
	p, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, r.Name+".json"), append(p, '\n'), 0o666)
}

// Read reads the result of a benchmark from a folder; nil if there is none.
func Read(dir, name string) (*Result, error) {
	p, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(Result)
	return r, json.Unmarshal(p, r)
}

// Against says what a result is compared with, which is nil if there is none.
func (r *Result) Against(old *Result) string {
	if old == nil {
		return "nothing to compare with: no earlier result of " + r.Name
	}
	line := fmt.Sprintf("compared with %s of %s", old.Commit, old.When.Format(time.DateTime))
	if old.Machine != r.Machine {
		line += fmt.Sprintf(", on another machine: %s, %d cores, %s", old.Machine.CPU, old.Machine.Cores, old.Machine.Go)
	}
	return line
}

// Compare returns a line per figure: its value, and its change against old,
// which may be nil.
func (r *Result) Compare(old *Result) []string {
	type key struct{ name, unit string } // a thing may be measured in several units
	before := map[key]float64{}
	if old != nil {
		for _, f := range old.Figures {
			before[key{f.Name, f.Unit}] = f.Value
		}
	}
	var lines []string
	for _, f := range r.Figures {
		line := fmt.Sprintf("%-48s %10.4g %-12s", f.Name, f.Value, f.Unit)
		if was, ok := before[key{f.Name, f.Unit}]; ok && was != 0 {
			line += fmt.Sprintf(" %+.1f %%", 100*(f.Value-was)/was)
		}
		if f.Aim != "" {
			line += "  (aim: " + f.Aim + ")"
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}
