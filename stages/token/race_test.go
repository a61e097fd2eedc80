//go:build race

package token

const underRace = true // the race detector takes allocations of its own, and empties pools
