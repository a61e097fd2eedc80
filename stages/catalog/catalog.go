// Package catalog lists all stages that a job file can use. To add a stage,
// add a line to [All].
package catalog

import (
	"sluice/stages/dedup"
	"sluice/stages/job"
	"sluice/stages/text"
)

// All returns the list of all stages by name. The word before the dot is the
// folder that a stage lives in.
func All() job.Catalog {
	return job.Catalog{
		"dedup.exact": job.NewEntry("keep one of all samples with equal text",
			dedup.DefaultExact(), dedup.NewExact).Takes("action"),
		"dedup.fuzzy": job.NewEntry("keep one of all samples with similar text",
			dedup.DefaultFuzzy(), dedup.NewFuzzy).Takes("action"),
		"dedup.lines": job.NewEntry("remove lines, paragraphs or spans of sentences that many texts have",
			dedup.DefaultLines(), dedup.NewLines),
		"text.word_count": job.NewEntry("keep texts of min_words to max_words words",
			text.DefaultWordCount(), text.NewWordCount).Takes("action", "score", "invert"),
	}
}
