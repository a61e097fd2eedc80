package job

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes that a job file writes as "48GB", "16MiB" or a
// plain number: MB is 10^6, MiB 2^20.
type Size int64

var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"PiB", 1 << 50},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}, {"B", 1},
}

// ParseSize reads a size.
func ParseSize(s string) (Size, error) {
	number, unit := strings.TrimSpace(s), 1.0
	for _, u := range units {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && unit == 1 && n >= 0 {
		return Size(n), nil
	}
	f, err := strconv.ParseFloat(number, 64)
	plain := strings.Trim(number, "0123456789.") == "" // no exponent, sign, hex or infinity
	if err != nil || !plain || f*unit >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size; write a number and B, KB, MB, GB, TB, KiB, MiB, GiB or TiB", s)
	}
	return Size(math.Round(f * unit)), nil
}

// String writes s in the largest unit that gives a whole number, so that
// [ParseSize] gives s back.
func (s Size) String() string {
	if s <= 0 {
		return strconv.FormatInt(int64(s), 10)
	}
	best, text := int64(1), strconv.FormatInt(int64(s), 10)+"B"
	for _, u := range units {
		if b := int64(u.bytes); b > best && int64(s)%b == 0 {
			best, text = b, strconv.FormatInt(int64(s)/b, 10)+u.name
		}
	}
	return text
}

// parseDuration reads a length of time: "90s", "10m", "1h30m", "0".
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf(`%q is not a length of time; write "30s", "10m", "1h30m" or "0"`, s)
	}
	return d, nil
}
