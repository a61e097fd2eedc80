package main

import (
	"errors"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines bounds a file that somebody has to read.
const maxLines = 700

// tagFolders says where the files of a build tag stand.
var tagFolders = map[string]string{"mpi": "mpi", "cuda": "gpu"}

// tagImports says which tag lets a file import what makes binaries depend on
// libraries outside Go.
var tagImports = map[string]string{
	"github.com/sbromberger/gompi": "mpi",
	"gorgonia.org/cu":              "cuda",
	"github.com/NVIDIA/go-nvml":    "cuda",
}

var platforms = []string{"linux", "darwin", "unix", "amd64", "arm64", "race"}

var generated = regexp.MustCompile(`^(//|#|--) Code generated .* DO NOT EDIT\.`)

func TestFilesAreReadable(t *testing.T) {
	for _, name := range textFiles(t) {
		text := readFile(t, name)
		if first, _, _ := strings.Cut(text, "\n"); generated.MatchString(first) || name == "LICENSE" || name == "go.sum" {
			continue
		}
		if n := strings.Count(text, "\n"); n > maxLines {
			t.Errorf("%s has %d lines; the limit is %d\nsplit it by idea", name, n, maxLines)
		}
		for _, r := range text {
			if r >= 0x1f000 && r <= 0x1ffff && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "testdata") {
				t.Errorf("%s holds the emoji %q", name, r)
				break
			}
		}
	}
}

// wide are registers of 256 bits, narrow the halves of them that SSE instructions write.
var (
	wide   = regexp.MustCompile(`\bY\d+\b`)
	narrow = regexp.MustCompile(`\bX\d+\b`)
)

// After one instruction that writes a wide register, each one of SSE costs as much as a hundred: functions have no such among their wide
// ones, and leave none behind for others.
func TestAssemblyKeepsToAVX(t *testing.T) {
	seen := 0
	for _, name := range textFiles(t) {
		if path.Ext(name) != ".s" {
			continue
		}
		for _, f := range strings.Split(readFile(t, name), "\nTEXT ")[1:] {
			if !wide.MatchString(f) {
				continue
			}
			seen++
			who, _, _ := strings.Cut(f, "(")
			clean := false
			for line := range strings.Lines(f) {
				switch op := strings.TrimSpace(line); {
				case narrow.MatchString(op) && !strings.HasPrefix(op, "V") && !strings.HasPrefix(op, "//"):
					t.Errorf("%s: %s has %q; use the form that begins with V", name, who, op)
				case strings.HasPrefix(op, "VZEROUPPER"):
					clean = true
				case strings.HasPrefix(op, "V"):
					clean = false
				case op == "RET" && !clean:
					t.Errorf("%s: %s returns without VZEROUPPER", name, who)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d functions of wide registers", seen)
	}
}

func TestTags(t *testing.T) {
	importers := make(map[string][]string)
	for name, file := range goFiles(t) {
		tags := tagsOf(t, name, file)
		for _, tag := range tags {
			folder, ours := tagFolders[tag]
			switch {
			case ours && path.Dir(name) != folder:
				t.Errorf("%s has build tag %q, which belongs to folder %s", name, tag, folder)
			case !ours && !slices.Contains(platforms, tag):
				t.Errorf("%s has the unknown build tag %q", name, tag)
			}
		}
		for _, imp := range file.Imports {
			p := strings.Trim(imp.Path.Value, `"`)
			if p == "C" && !slices.Contains(tags, "mpi") && !slices.Contains(tags, "cuda") {
				t.Errorf("%s uses cgo without a build tag; the static binary must build without a C compiler", name)
			}
			for lib, tag := range tagImports {
				if p != lib && !strings.HasPrefix(p, lib+"/") {
					continue
				}
				if !slices.Contains(tags, tag) {
					t.Errorf("%s imports %s without build tag %q", name, p, tag)
				}
				if !strings.HasSuffix(name, "_test.go") && !slices.Contains(importers[lib], name) {
					importers[lib] = append(importers[lib], name)
				}
			}
			if imp.Name != nil && imp.Name.Name == "_" && p != "embed" {
				t.Errorf("%s has the blank import %s", name, p)
			}
		}
	}
	for lib := range tagImports {
		if len(importers[lib]) != 1 {
			t.Errorf("%s is imported by %v; exactly one file does that", lib, importers[lib])
		}
	}
}

// No init, and no package variable that changes: a program is wired in main.
func TestNoHiddenState(t *testing.T) {
	folders := make(map[string][]*ast.File)
	fset := token.NewFileSet()
	for name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		folders[path.Dir(name)] = append(folders[path.Dir(name)], file)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function", name)
			}
		}
	}
	for _, files := range folders {
		for _, pos := range changedVariables(fset, files) {
			t.Errorf("%s: a package variable changes\nhand the value to whoever needs it", pos)
		}
	}
}

// changedVariables returns where functions assign to variables of their
// package, and where such a variable is of a type that exists to be changed.
// Imported packages are not looked into, so that the test needs no C headers;
// what follows from their types therefore goes unseen.
func changedVariables(fset *token.FileSet, files []*ast.File) []string {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: hollow{}, Error: func(error) {}, FakeImportC: true}
	pkg, _ := config.Check(files[0].Name.Name, fset, files, info)
	var found []string
	note := func(e ast.Expr) {
		if id := root(e); id != nil {
			if v, ok := info.Uses[id].(*types.Var); ok && pkg != nil && v.Parent() == pkg.Scope() {
				found = append(found, fset.Position(e.Pos()).String())
			}
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					note(e)
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					note(n.X)
				}
			}
			return true
		})
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				if sel, ok := s.(*ast.ValueSpec).Type.(*ast.SelectorExpr); ok {
					if p, ok := sel.X.(*ast.Ident); ok && (p.Name == "sync" || p.Name == "atomic") {
						found = append(found, fset.Position(s.Pos()).String())
					}
				}
			}
		}
	}
	return found
}

// root returns the variable that an assignment to e changes, if it is named.
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return nil
}

// hollow imports every package as an empty one.
type hollow struct{}

func (hollow) Import(p string) (*types.Package, error) {
	pkg := types.NewPackage(p, path.Base(p))
	pkg.MarkComplete()
	return pkg, nil
}

func TestPackageComments(t *testing.T) {
	comments := make(map[string]int)
	for name, file := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		n := 0
		if file.Doc != nil {
			n = 1
		}
		comments[path.Dir(name)] += n
	}
	for folder, n := range comments {
		if n != 1 {
			t.Errorf("package %s has %d package comments; it wants one, in the file that a reader opens first", folder, n)
		}
	}
}

func TestLicences(t *testing.T) {
	if !strings.Contains(readFile(t, "LICENSE"), "Apache License\n                           Version 2.0") {
		t.Error("LICENSE does not hold the Apache License 2.0")
	}
	notice := readFile(t, "NOTICE")
	for _, tags := range builds {
		const format = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}"
		for line := range strings.Lines(goList(t, tags, format, "-deps", ".")) {
			if m := strings.TrimSpace(line); m != "" && !strings.Contains(notice, m) {
				t.Errorf("NOTICE does not name %s, which the binary with tags %q contains", m, tags)
			}
		}
	}
}

// tagsOf returns the tags in the build constraint of a file.
func tagsOf(t *testing.T, name string, file *ast.File) (tags []string) {
	for _, group := range file.Comments {
		if group.Pos() > file.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			expr.Eval(func(tag string) bool {
				tags = append(tags, tag)
				return true
			})
		}
	}
	return tags
}

// goFiles parses the Go files of the module: imports and comments only.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := make(map[string]*ast.File)
	for _, name := range textFiles(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	if len(files) == 0 {
		t.Fatal("found no Go file")
	}
	return files
}

// textFiles returns the files of the clone that people write, with slashes.
func textFiles(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // a test of another package cleans up
				return nil
			}
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		text := slices.Contains([]string{".go", ".c", ".h", ".s", ".cu", ".py", ".md", ".toml"}, filepath.Ext(name))
		under := strings.HasPrefix(name, "scripts"+string(filepath.Separator)) || strings.HasPrefix(name, ".ci")
		if d.Type().IsRegular() && (text || under) {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	p, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}
