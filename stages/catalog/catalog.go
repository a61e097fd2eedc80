// Package catalog lists all stages that a job file can use. To add a stage,
// add a line to the file of its family; to add a family, a file, and a line to [All].
package catalog

import (
	"maps"

	"sluice/stages"
	"sluice/stages/job"
)

// All returns the list of all stages by name. The word before the dot is the
// folder that a stage lives in.
func All() job.Catalog {
	all := job.Catalog{}
	for _, family := range []job.Catalog{
		bitexts(),
		codes(),
		cleans(),
		corpora(),
		dedups(),
		privacies(),
		runs(),
		texts(),
		urls(),
	} {
		maps.Copy(all, family)
	}
	return all
}

// filter is the entry of a stage that scores texts.
func filter[C any](doc string, defaults C, build func(stages.Common, C) ([]stages.Stage, error)) job.Entry {
	return job.NewEntry(doc, defaults, build).Takes("action", "score", "invert")
}
