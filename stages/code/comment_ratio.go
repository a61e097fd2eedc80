package code

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sluice/stages"
	"sluice/stages/scan"
)

// CommentRatio is the table of code.comment_ratio.
type CommentRatio struct {
	Language string  `toml:"language" doc:"MIME type of the files, such as text/x-c++"`
	Min      float64 `toml:"min_comment_to_code_ratio" doc:"smallest share of characters in comments"`
	Max      float64 `toml:"max_comment_to_code_ratio" doc:"largest share of characters in comments"`
}

// DefaultCommentRatio has NeMo Curator's bounds.
func DefaultCommentRatio() CommentRatio { return CommentRatio{Min: 0.01, Max: 0.85} }

// unreadable is the score of a file whose comments cannot be found.
const unreadable = 9999

// readers finds comments by MIME type.
var readers = map[string]func(text []byte) (comments, bool){
	"application/javascript": javascriptComments,
	"text/html":              markupComments,
	"text/x-c":               cComments,
	"text/x-c++":             cComments,
	"text/x-go":              goComments,
	"text/x-java":            cComments,
	"text/x-java-source":     cComments,
	"text/x-javascript":      javascriptComments,
	"text/x-python":          pythonComments,
	"text/x-ruby":            rubyComments,
	"text/x-script.python":   pythonComments,
	"text/x-shellscript":     shellComments,
	"text/xml":               markupComments,
}

// NewCommentRatio returns the filter that keeps files of which Min to Max of the code points
// stand in comments, the marks around them not counted, and one space between two of them counted. The score is
// that share; 9999 for a file with a comment, or in Python a string or bracket, that does not
// end; none for an empty file. Comments are found as NeMo Curator's comment_parser 1.2.4 does, which does not
// know all of a language: see comments.go.
func NewCommentRatio(c stages.Common, f CommentRatio) ([]stages.Stage, error) {
	var language error
	if readers[f.Language] == nil {
		language = fmt.Errorf("language = %q is no MIME type that is known; have %s", f.Language, strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
	}
	return stages.OneFilter(c, f, language, stages.CheckOrder("min_comment_to_code_ratio", f.Min, "max_comment_to_code_ratio", f.Max))
}

// Score returns the share.
func (f CommentRatio) Score(d *scan.Document) float64 {
	c, ok := readers[f.Language](d.Text())
	if !ok {
		return unreadable
	}
	return float64(c.joined(1)) / float64(d.Characters().CodePoints)
}

// Keep says whether that share stays.
func (f CommentRatio) Keep(score float64) bool { return f.Min <= score && score <= f.Max }
