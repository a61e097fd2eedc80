package code

import (
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// PythonCommentRatio is the table of code.python_comment_ratio.
type PythonCommentRatio struct {
	Min float64 `toml:"min_comment_to_code_ratio" doc:"smallest share of characters in comments and docstrings"`
	Max float64 `toml:"max_comment_to_code_ratio" doc:"largest share of characters in comments and docstrings"`
}

// DefaultPythonCommentRatio has NeMo Curator's bounds.
func DefaultPythonCommentRatio() PythonCommentRatio { return PythonCommentRatio{0.01, 0.85} }

// NewPythonCommentRatio returns the filter that keeps Python files of which Min to Max of the
// code points stand in comments, with their #, and docstrings of the module, of classes and of functions (not
// of async ones, which NeMo Curator does not look at), cleaned as inspect.cleandoc does, with a line
// feed between two of them. The score is that share; 0 for a file that is no Python 3, none for an empty
// one. Whether it is Python is seen from tokens, blocks and neighbours that no grammar allows, as in print "x":
// mistakes that take a whole parser to find are not, and the file gets its share.
func NewPythonCommentRatio(c stages.Common, f PythonCommentRatio) ([]stages.Stage, error) {
	return stages.OneFilter(c, &pythonCommentRatio{PythonCommentRatio: f},
		stages.CheckOrder("min_comment_to_code_ratio", f.Min, "max_comment_to_code_ratio", f.Max))
}

type pythonCommentRatio struct {
	PythonCommentRatio
	files sync.Pool // of *pythonFile
}

// Score returns the share.
func (f *pythonCommentRatio) Score(d *scan.Document) float64 {
	file, ok := f.files.Get().(*pythonFile)
	if !ok {
		file = new(pythonFile)
	}
	defer f.files.Put(file)
	n := 0
	if file.read(d.Text()) {
		n = file.comments + file.docs.joined(1)
	}
	return float64(n) / float64(d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f *pythonCommentRatio) Keep(score float64) bool { return f.Min <= score && score <= f.Max }
