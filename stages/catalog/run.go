package catalog

import (
	"sluice/stages/job"
	"sluice/stages/run"
)

func runs() job.Catalog {
	return job.Catalog{
		"run.exec": job.NewEntry("hand samples to a program of your own, as JSON lines, and take what it makes of them",
			run.DefaultExec(), run.NewExec).Needs("command", `["python3", "my.py"]`),
	}
}
