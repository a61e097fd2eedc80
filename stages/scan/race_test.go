//go:build race

package scan

const underRace = true // no test of this package needs it at full size: a text has one reader
