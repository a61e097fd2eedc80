package catalog

import (
	"sluice/stages/job"
	"sluice/stages/url"
)

func urls() job.Catalog {
	return job.Catalog{
		"url.blocklist": filter("keep samples whose URL is on no list, and has none of the words on others",
			url.DefaultBlocklist(), url.NewBlocklist).Column("url").Needs("lists", `["blocklist.txt"]`),
	}
}
