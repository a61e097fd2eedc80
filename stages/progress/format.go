package progress

import (
	"fmt"
	"strconv"
	"time"
)

// Bytes formats a number of bytes with three digits and a decimal unit: "1.23 GB".
func Bytes(n int64) string { return scaled(float64(n), "B") }

// Rate formats bytes per second.
func Rate(perSecond float64) string { return scaled(perSecond, "B") + "/s" }

// scaled formats v with three digits and the prefix of a thousand that suits it.
func scaled(v float64, unit string) string {
	const prefixes = "kMGTPE"
	if v < 0 {
		return "-" + scaled(-v, unit)
	}
	if v < 999.5 {
		return fmt.Sprintf("%.0f %s", v, unit)
	}
	i := 0
	// 999.5 would be rounded to a fourth digit.
	for v /= 1000; v >= 999.5 && i < len(prefixes)-1; i++ {
		v /= 1000
	}
	digits := 2
	if v >= 9.995 {
		digits = 1
	}
	if v >= 99.95 {
		digits = 0
	}
	return fmt.Sprintf("%.*f %c%s", digits, v, prefixes[i], unit)
}

// Count formats a number with commas: "1,234,567".
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Duration formats a duration by its two largest units: "42s", "3m07s", "5h02m", "2d04h".
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-d)
	}
	s := int64(d.Round(time.Second) / time.Second)
	const minute, hour, day = 60, 3600, 86400
	switch {
	case s < minute:
		return fmt.Sprintf("%ds", s)
	case s < hour:
		return fmt.Sprintf("%dm%02ds", s/minute, s%minute)
	case s < day:
		return fmt.Sprintf("%dh%02dm", s/hour, s%hour/minute)
	}
	return fmt.Sprintf("%dd%02dh", s/day, s%day/hour)
}
