package catalog

import (
	"sluice/stages/corpus"
	"sluice/stages/job"
)

func corpora() job.Catalog {
	return job.Catalog{
		"corpus.stats": job.NewEntry("count samples, bytes, characters and words, and write them to OUT/stats",
			corpus.DefaultStats(), corpus.NewStats),
		"corpus.columns": job.NewEntry("set columns by expressions, drop columns",
			corpus.DefaultColumns(), corpus.NewColumns).Needs("set", `{lang = "lower(lang)"}`),
		"corpus.ids": job.NewEntry("give each row an id",
			corpus.DefaultIDs(), corpus.NewIDs),
		"corpus.sample": job.NewEntry("keep a share of the rows, the same at any number of ranks",
			corpus.Sample{}, corpus.NewSample).Needs("share", "0.1"),
		"corpus.where": job.NewEntry("keep rows for which a condition over columns is true",
			corpus.Where{}, corpus.NewWhere).Needs("where", `"lang == 'en'"`),
		"corpus.blend": job.NewEntry("take rows of the sources by their weights",
			corpus.DefaultBlend(), corpus.NewBlend),
		"corpus.shuffle": job.NewEntry("put the rows of all shards into one random order",
			corpus.DefaultShuffle(), corpus.NewShuffle),
		"corpus.split": job.NewEntry("put rows into folders by the value of a column",
			corpus.DefaultSplit(), corpus.NewSplit).Needs("by", `"language"`),
	}
}
