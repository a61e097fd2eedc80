package main

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "sluice"

// floors says how high each package stands. A package imports only packages
// of lower floors. The folder before the dot in a stage's name is its package.
var floors = map[string]int{
	"":      7, // the program
	"bench": 6,

	"stages/catalog": 5,

	"stages/pipeline": 4, "stages/plan": 4, "stages/report": 4,

	"stages/text": 3, "stages/code": 3, "stages/clean": 3, "stages/privacy": 3, "stages/bitext": 3,
	"stages/corpus": 3, "stages/dedup": 3, "stages/embed": 3, "stages/classify": 3, "stages/image": 3,
	"stages/video": 3, "stages/run": 3, "stages/url": 3,

	"stages/format": 2, "stages/round": 2, "stages/model": 2, "stages/job": 2, "stages/cluster": 2,

	"stages": 1, "gpu": 1, "stages/spill": 1,

	"mpi": 0, "sbatch": 0, "stages/manifest": 0, "stages/sketch": 0, "stages/scan": 0, "stages/token": 0,
	"stages/fasttext": 0, "stages/expr": 0, "stages/progress": 0,
}

// builds are the sets of tags that binaries are built with.
var builds = []string{"", "mpi", "cuda", "mpi,cuda"}

// Test files are not held to the table: a test may well drive a package
// through one that stands above it.
func TestFloors(t *testing.T) {
	for _, tags := range builds {
		t.Run("tags="+tags, func(t *testing.T) {
			for pkg, imports := range goImports(t, tags) {
				floor, ok := floors[pkg]
				if !ok {
					t.Errorf("package %q has no floor\ngive it one in floors_test.go and in ARCHITECTURE.md", pkg)
					continue
				}
				for _, imp := range imports {
					if below, ok := floors[imp]; ok && below >= floor {
						t.Errorf("package %q (floor %d) imports %q (floor %d)\na package imports lower floors only", pkg, floor, imp, below)
					}
				}
			}
		})
	}
}

// ARCHITECTURE.md shows the same table to readers: each package once, on its floor.
func TestFloorsAreDocumented(t *testing.T) {
	shown, floor := map[string][]int{}, 0
	for line := range strings.Lines(readFile(t, "ARCHITECTURE.md")) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(cells[1])); err == nil {
			floor = n
		}
		if pkg := strings.TrimSpace(cells[2]); pkg == "(root)" {
			shown[""] = append(shown[""], floor)
		} else if pkg, ok := strings.CutPrefix(pkg, "`"); ok {
			pkg = strings.TrimSuffix(pkg, "`")
			shown[pkg] = append(shown[pkg], floor)
		}
	}
	for pkg := range goImports(t, "") {
		if !slices.Equal(shown[pkg], []int{floors[pkg]}) {
			t.Errorf("ARCHITECTURE.md shows package %q on floors %d\nhave one line for it, on floor %d", pkg, shown[pkg], floors[pkg])
		}
	}
}

// goImports returns, for each package of the module, the packages of the
// module that it imports, by path below the module.
func goImports(t *testing.T, tags string) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	for line := range strings.Lines(goList(t, tags, "{{.ImportPath}} {{join .Imports ` `}}", "./...")) {
		fields := strings.Fields(line)
		var own []string
		for _, p := range fields[1:] {
			if p == module || strings.HasPrefix(p, module+"/") {
				own = append(own, below(p))
			}
		}
		all[below(fields[0])] = own
	}
	return all
}

func below(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// goList runs go list, which needs no C compiler even where cgo is on.
func goList(t *testing.T, tags, format string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-tags=" + tags, "-f", format}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	return string(out)
}
