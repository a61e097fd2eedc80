package catalog

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"sluice/stages/job"
)

//go:embed recipes/*.toml
var recipes embed.FS

// Recipes returns the lists of stages that a job file can name: the files of
// folder recipes. To add one, add a file.
func Recipes() job.Recipes {
	all := job.Recipes{}
	entries, err := fs.ReadDir(recipes, "recipes")
	if err != nil {
		panic(err) // the folder is in the program
	}
	for _, e := range entries {
		text, err := recipes.ReadFile(path.Join("recipes", e.Name()))
		if err != nil {
			panic(err)
		}
		all[strings.TrimSuffix(e.Name(), ".toml")] = string(text)
	}
	return all
}
