package catalog

import (
	"sluice/stages/job"
	"sluice/stages/privacy"
)

func privacies() job.Catalog {
	return job.Catalog{
		"privacy.redact": job.NewEntry("replace e-mail addresses, telephone and card numbers, secrets and the like",
			privacy.DefaultRedact(), privacy.NewRedact).Takes("score"),
	}
}
