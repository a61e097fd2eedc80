//go:build race

package privacy

const underRace = true // the race detector makes long texts slow
