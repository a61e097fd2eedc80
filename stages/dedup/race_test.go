//go:build race

package dedup

const UnderRace = true
