package catalog

import (
	"sluice/stages/code"
	"sluice/stages/job"
)

func codes() job.Catalog {
	return job.Catalog{
		"code.alpha": filter("keep files with enough letters, and so no tensors or tables in text form",
			code.DefaultAlpha(), code.NewAlpha),
		"code.comment_ratio": filter("keep files of some comments, but not of comments alone",
			code.DefaultCommentRatio(), code.NewCommentRatio).Needs("language", `"text/x-c++"`),
		"code.html_boilerplate": filter("keep HTML files with enough text between the tags",
			code.DefaultHTMLBoilerplate(), code.NewHTMLBoilerplate),
		"code.num_lines": filter("keep files of min_lines to max_lines lines",
			code.DefaultNumLines(), code.NewNumLines),
		"code.per_extension": filter("keep files within the bounds that BigCode set for their language and extension",
			code.PerExtension{}, code.NewPerExtension).
			Needs("lang", `"python"`).Needs("extension", `"py"`).Needs("metadata_file", `"code_meta.csv"`),
		"code.python_comment_ratio": filter("keep Python files of some comments and docstrings, but not of those alone",
			code.DefaultPythonCommentRatio(), code.NewPythonCommentRatio),
		"code.tokenizer_fertility": filter("keep texts whose tokens are long, in the mean",
			code.DefaultTokenizerFertility(), code.NewTokenizerFertility).Needs("path_to_tokenizer", `"tokenizer.json"`),
		"code.xml_header": filter("drop files that are XML, whatever their names say",
			code.DefaultXMLHeader(), code.NewXMLHeader),
	}
}
