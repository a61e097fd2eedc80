//go:build race

package plan_test

const underRace = true // the race detector takes memory of its own
