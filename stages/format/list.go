package format

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sluice/stages"
)

// A Stat is one input file as it was when the inputs were listed.
type Stat struct {
	Path string
	Size int64
	Time int64 // modification time, nanoseconds since 1970
}

const (
	// Documents below smallFile bytes share a shard of at most bundleBytes or
	// bundleFiles; larger ones are shards of their own.
	smallFile   = 16 << 20
	bundleBytes = 64 << 20
	bundleFiles = 10_000
)

// found is one file of an input.
type found struct {
	Stat
	root    string // folder that document ids count from
	source  string
	format  string
	against string
}

// List finds the files of all inputs and makes shards of them, sorted by name;
// the same files give the same shards in any order of inputs. Stats lists
// every file once, sorted by path.
//
// A path is a file, a folder, which is searched through to the bottom for
// files of the format, or a glob ("*", "?", "[a-z]", and "**" for any number
// of folders). Files and folders whose names begin with a dot are left out
// unless a path names them. Symbolic links are followed, except to a folder
// that they are in; for each path, each folder is visited once. A path without any
// file is an error, and so are a folder that cannot be read and what would be a file of
// the format but is a pipe, a socket or a device: a job must not run on part of
// its input unnoticed. Of one input, a file counts once; in two
// sources it is an error.
func List(ctx context.Context, inputs []stages.Input) ([]stages.Shard, []Stat, error) {
	var files []found
	for _, in := range inputs {
		one, err := listInput(ctx, in)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, one...)
	}
	slices.SortStableFunc(files, func(a, b found) int { return cmp.Compare(a.Path, b.Path) })
	stats := make([]Stat, len(files))
	for i, f := range files {
		stats[i] = f.Stat
		if i > 0 && stats[i-1].Path == f.Path {
			return nil, nil, fmt.Errorf("%s: the file is an input of both %q and %q\nlet one [[source]] read it",
				f.Path, files[i-1].source, f.source)
		}
	}
	shards := makeShards(slices.DeleteFunc(slices.Clone(files), func(f found) bool { return f.against != "" }))
	nameShards(shards)
	return append(shards, againstShards(files, len(shards))...), stats, nil
}

// againstShards makes the shards that are not part of the output. They are named by
// their whole path, and numbered from first on, behind all others.
func againstShards(files []found, first int) []stages.Shard {
	stage := map[string]string{} // by source
	files = slices.DeleteFunc(slices.Clone(files), func(f found) bool {
		stage[f.source] = f.against
		return f.against == ""
	})
	shards := makeShards(files)
	slices.SortStableFunc(shards, func(a, b stages.Shard) int { return cmp.Compare(a.Name, b.Name) })
	for i := range shards {
		s := &shards[i]
		s.Index, s.Name, s.Against = first+i, filepath.ToSlash(s.Name), stage[s.Source]
	}
	return shards
}

// listInput finds the files of one input, each once.
func listInput(ctx context.Context, in stages.Input) ([]found, error) {
	var files []found
	seen := map[string]bool{}
	for _, p := range in.Paths {
		w := &walker{ctx: ctx, format: cmp.Or(in.Read.Format, "auto"), saved: in.Against != "", visited: map[string]bool{}}
		root, err := w.path(p)
		if err != nil {
			return nil, err
		}
		for _, f := range w.files {
			kind, err := formatOf(f.Path, in.Read.Format, f.Path == p)
			if w.saved && isSaved(f.Path) {
				kind, err = stages.SavedFormat, nil
			}
			if err != nil {
				return nil, err
			}
			if kind != "" && !seen[f.Path] {
				seen[f.Path] = true
				files = append(files, found{f, root, in.Name, kind, in.Against})
			}
		}
		if !slices.ContainsFunc(w.files, func(f Stat) bool { return seen[f.Path] }) {
			return nil, noFiles(p, in.Read.Format, len(w.files))
		}
	}
	return files, nil
}

func noFiles(p, format string, others int) error {
	if others > 0 {
		return fmt.Errorf("input %q: none of %d files is of a known format\nknown are .jsonl, .json, .ndjson (also .gz, .zst) and .parquet; set read.format for others", p, others)
	}
	return fmt.Errorf("input %q: no such file\ncheck the path and the pattern", p)
}

// formatOf returns the format of a file, "" for one to leave out. Named says
// that the file was named by itself.
func formatOf(p, format string, named bool) (string, error) {
	if format != "" && format != "auto" {
		return format, nil
	}
	if kind := extensionFormat(p); kind != "" || !named {
		return kind, nil
	}
	if isSaved(p) {
		return "", fmt.Errorf("input %q: a collection of sketches has no texts\nname it in the key against of a dedup.fuzzy", p)
	}
	return "", fmt.Errorf("input %q: unknown format\nset read.format to one of jsonl, parquet, files", p)
}

// extensionFormat returns the format that the name of a file stands for, or "".
func extensionFormat(p string) string {
	p = strings.TrimSuffix(strings.TrimSuffix(p, ".gz"), ".zst")
	switch filepath.Ext(p) {
	case ".jsonl", ".json", ".ndjson":
		return "jsonl"
	case ".parquet":
		return "parquet"
	}
	return ""
}

// walker collects files.
type walker struct {
	ctx     context.Context
	format  string
	saved   bool            // collections of sketches are inputs, too
	visited map[string]bool // folders, by real path
	files   []Stat
}

// path collects the files of one input path and returns the folder from which
// ids of its documents count.
func (w *walker) path(p string) (root string, err error) {
	info, err := os.Stat(p)
	switch {
	case err == nil && info.IsDir():
		return p, w.walk(p, nil)
	case err == nil && info.Mode().IsRegular():
		w.add(p, info)
		return filepath.Dir(p), nil
	case err == nil:
		return "", neitherError(p, info)
	case !strings.ContainsAny(p, "*?["):
		return "", fmt.Errorf("input %q: %w\ncheck the path", p, err)
	}
	g, err := newGlob(p)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(g.root); err != nil {
		return "", fmt.Errorf("input %q: %w\ncheck the path", p, err)
	}
	return g.root, w.walk(g.root, g)
}

func (w *walker) add(p string, info fs.FileInfo) {
	w.files = append(w.files, Stat{p, info.Size(), info.ModTime().UnixNano()})
}

// wants says whether a file that no path names is an input: in a folder the
// extension must be one of the format, a pattern is enough otherwise.
func (w *walker) wants(p string, g *glob) bool {
	kind := extensionFormat(p)
	if isSaved(p) {
		return w.saved || g != nil
	}
	switch w.format {
	case "auto":
		return kind != "" || g != nil // a pattern that matches others only is reported
	case "files":
		return true
	}
	return kind == w.format || g != nil
}

// walk collects the files below a folder that g matches; where g is nil or
// matches a whole folder, those of the format.
func (w *walker) walk(dir string, g *glob) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if w.visited[real] {
		return nil
	}
	w.visited[real] = true
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%w\nmake the folder readable, or leave it out of input", err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if err := w.entry(filepath.Join(dir, e.Name()), e.Type(), g); err != nil {
			return err
		}
	}
	return nil
}

// entry looks at one entry of a folder.
func (w *walker) entry(p string, mode fs.FileMode, g *glob) error {
	file, enters := (g == nil || g.match(p)) && w.wants(p, g), g == nil || g.enter(p)
	if !file && !enters || mode.IsRegular() && !file {
		return nil
	}
	info, err := os.Stat(p)
	switch {
	case err != nil && mode&fs.ModeSymlink != 0 && (!file || w.format == "auto" && extensionFormat(p) == ""):
		return nil // a dangling link that nobody asked for
	case err != nil:
		return fmt.Errorf("%w\nmake it readable, or leave it out of input", err)
	case info.IsDir() && mode&fs.ModeSymlink != 0 && above(p):
		return nil
	case info.IsDir() && g != nil && g.match(p):
		return w.walk(p, nil)
	case info.IsDir() && enters:
		return w.walk(p, g)
	case info.Mode().IsRegular() && file:
		w.add(p, info)
	case !info.IsDir() && file && (w.format != "auto" || extensionFormat(p) != ""):
		return neitherError(p, info)
	}
	return nil
}

// neitherError refuses what cannot be read twice.
func neitherError(p string, info fs.FileInfo) error {
	what := "a device"
	switch mode := info.Mode(); {
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	}
	return fmt.Errorf("input %q: neither a file nor a folder, but %s\ncopy what it gives into a file, or leave it out of input", p, what)
}

// above says whether a link leads to a folder that it is in.
func above(link string) bool {
	to, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false
	}
	in, err := filepath.EvalSymlinks(filepath.Dir(link))
	return err == nil && strings.HasPrefix(in+"/", strings.TrimSuffix(to, "/")+"/")
}

// makeShards makes a shard of each file, or of many small documents.
func makeShards(files []found) []stages.Shard {
	var shards []stages.Shard
	folders := map[string][]found{}
	var roots []string
	for _, f := range files {
		if f.format != "files" {
			shards = append(shards, stages.Shard{Name: f.Path, Path: f.Path, Source: f.source, Format: f.format, Size: f.Size})
			continue
		}
		if folders[f.root] == nil {
			roots = append(roots, f.root)
		}
		folders[f.root] = append(folders[f.root], f)
	}
	for _, root := range roots {
		shards = append(shards, bundle(root, folders[root])...)
	}
	return shards
}

// bundle makes the shards of the documents of a folder. Numbers of bundles go
// on from one source to the next.
func bundle(root string, files []found) []stages.Shard {
	slices.SortStableFunc(files, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.Path, b.Path))
	})
	var shards []stages.Shard
	parts, last := 0, -1
	for _, f := range files {
		name, err := filepath.Rel(root, f.Path)
		if err != nil {
			name = filepath.Base(f.Path)
		}
		m := stages.File{Name: filepath.ToSlash(name), Size: f.Size, Time: f.Time}
		if f.Size >= smallFile {
			shards = append(shards, stages.Shard{Name: f.Path, Path: root, Source: f.source, Format: "files",
				Size: f.Size, Files: []stages.File{m}})
			continue
		}
		if last < 0 || shards[last].Source != f.source || shards[last].Size+f.Size > bundleBytes || len(shards[last].Files) == bundleFiles {
			last = len(shards)
			shards = append(shards, stages.Shard{Name: filepath.Join(root, fmt.Sprintf("part-%05d.jsonl", parts)),
				Path: root, Source: f.source, Format: "files"})
			parts++
		}
		shards[last].Size += f.Size
		shards[last].Files = append(shards[last].Files, m)
	}
	return shards
}

// nameShards cuts the longest shared folder off the names, sorts by name and
// numbers.
func nameShards(shards []stages.Shard) {
	if len(shards) == 0 {
		return
	}
	shared := path.Dir(filepath.ToSlash(shards[0].Name))
	for i := range shards {
		shards[i].Name = filepath.ToSlash(shards[i].Name)
		for shared != "/" && shared != "." && !strings.HasPrefix(shards[i].Name, shared+"/") {
			shared = path.Dir(shared)
		}
	}
	slices.SortStableFunc(shards, func(a, b stages.Shard) int { return cmp.Compare(a.Name, b.Name) })
	for i := range shards {
		shards[i].Index = i
		shards[i].Name = strings.TrimPrefix(strings.TrimPrefix(shards[i].Name, shared), "/")
	}
}

// maxFolder is the number of files that one folder of OUT may hold.
const maxFolder = 10_000

// CheckNames refuses shards whose outputs would have one name, or where one
// would be a folder of another, and folders of more than 10,000 outputs: they
// are named as the inputs are, and are not spread over folders of our own.
func CheckNames(shards []stages.Shard, sink stages.Sink) error {
	names := make(map[string]int, len(shards))
	folders := map[string]int{}
	for i := range shards {
		if shards[i].Against != "" {
			continue
		}
		name := sink.Name(&shards[i])
		if j, ok := names[name]; ok {
			return fmt.Errorf("inputs %q and %q would both become output %q\nrename one, or give them separate jobs",
				shards[j].Name, shards[i].Name, name)
		}
		names[name] = i
		dir := path.Dir(name)
		if folders[dir]++; folders[dir] > maxFolder {
			return fmt.Errorf("output folder %q would hold more than %d files\nspread the inputs over folders, or take fewer", path.Join("data", dir), maxFolder)
		}
	}
	for i := range shards {
		if shards[i].Against != "" {
			continue
		}
		for dir := path.Dir(sink.Name(&shards[i])); dir != "." && dir != "/"; dir = path.Dir(dir) {
			if j, ok := names[dir]; ok {
				return fmt.Errorf("output %q of input %q would be the folder of input %q\nrename one, or give them separate jobs",
					dir, shards[j].Name, shards[i].Name)
			}
		}
	}
	return nil
}
