package catalog

import (
	"sluice/stages/bitext"
	"sluice/stages/job"
)

func bitexts() job.Catalog {
	return job.Catalog{
		"bitext.length_ratio": filter("keep pairs of texts of about the same number of words",
			bitext.DefaultLengthRatio(), bitext.NewLengthRatio),
	}
}
