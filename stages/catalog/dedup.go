package catalog

import (
	"sluice/stages/dedup"
	"sluice/stages/job"
)

func dedups() job.Catalog {
	return job.Catalog{
		"dedup.exact": job.NewEntry("keep one of all samples with equal text",
			dedup.DefaultExact(), dedup.NewExact).Takes("action"),
		"dedup.fuzzy": job.NewEntry("keep one of all samples with similar text",
			dedup.DefaultFuzzy(), dedup.NewFuzzy).Takes("action"),
		"dedup.lines": job.NewEntry("remove lines, paragraphs or spans of sentences that many texts have",
			dedup.DefaultLines(), dedup.NewLines),
	}
}
