package job

import (
	"path/filepath"
	"reflect"
)

// Files lists the paths of files and folders that stages and [write] read besides the input, also what
// arguments of commands may be. Some may not be there.
func (j *Job) Files() (paths []string) {
	for _, s := range j.Stages {
		paths = append(paths, filesOf(reflect.ValueOf(s.Config))...)
	}
	return append(paths, filesOf(reflect.ValueOf(j.Write))...)
}

// filesOf lists the paths in the fields of a config struct.
func filesOf(config reflect.Value) (paths []string) {
	folder, tagged := "", map[string][]string{}
	for i := range config.NumField() {
		kind := config.Type().Field(i).Tag.Get("path")
		switch v := config.Field(i); {
		case kind == "folder":
			folder = v.String()
		case kind == "":
		case v.Kind() == reflect.String:
			tagged[kind] = append(tagged[kind], v.String())
		default:
			for k := range v.Len() {
				tagged[kind] = append(tagged[kind], v.Index(k).String())
			}
		}
	}
	for _, path := range tagged["file"] {
		if path != "" {
			paths = append(paths, path)
		}
	}
	for _, argument := range tagged["command"] {
		if !filepath.IsAbs(argument) {
			argument = filepath.Join(folder, argument)
		}
		paths = append(paths, argument)
	}
	return paths
}
