package sbatch

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseLimit reads a time limit as Slurm writes it: "minutes", "minutes:seconds",
// "hours:minutes:seconds", "days-hours", "days-hours:minutes" or
// "days-hours:minutes:seconds". Limits above 100 years are refused.
func ParseLimit(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a time limit\nwrite MINUTES, HOURS:MINUTES:SECONDS or DAYS-HOURS:MINUTES:SECONDS, as in \"04:00:00\"", s)
	days, rest, dashed := strings.Cut(s, "-")
	if !dashed {
		days, rest = "0", s
	}
	parts := strings.Split(rest, ":")
	if len(parts) > 3 {
		return 0, bad
	}
	var units []time.Duration
	switch {
	case dashed:
		units = []time.Duration{time.Hour, time.Minute, time.Second}
	case len(parts) == 3:
		units = []time.Duration{time.Hour, time.Minute, time.Second}
	default:
		units = []time.Duration{time.Minute, time.Second}
	}
	total, ok := time.Duration(0), true
	add := func(digits string, unit time.Duration) {
		const century = 100 * 366 * 24 * time.Hour
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || time.Duration(n) > century/unit {
			ok = false
			return
		}
		total += time.Duration(n) * unit
	}
	add(days, 24*time.Hour)
	for i, p := range parts {
		add(p, units[i])
	}
	if !ok {
		return 0, bad
	}
	return total, nil
}
