//go:build !race

package code

const underRace = false
