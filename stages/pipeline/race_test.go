//go:build race

package pipeline_test

const underRace = true
