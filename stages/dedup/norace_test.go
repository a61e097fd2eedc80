//go:build !race

package dedup

// UnderRace makes tests small, or leaves them out, that the race detector makes slow and that race nothing;
// scripts/test full runs them without.
const UnderRace = false
