package sbatch

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxHosts is the number of hosts beyond which [Hosts] refuses a list.
const MaxHosts = 1 << 17

// Hosts returns the names in one of Slurm's host lists, in order:
// "login,node[01-03,20],rack[0-1]n[0-1]" has 2 + 3 + ... of them. Numbers keep the
// width of the first one of their range if that begins with 0.
func Hosts(list string) ([]string, error) {
	var hosts []string
	for rest := list; rest != ""; {
		var item string
		item, rest = cutItem(rest)
		expanded, err := expand(item, MaxHosts-len(hosts))
		if err != nil {
			return nil, fmt.Errorf("host list %q: %w", list, err)
		}
		hosts = append(hosts, expanded...)
	}
	return hosts, nil
}

// cutItem cuts a list at its first comma outside of brackets.
func cutItem(list string) (item, rest string) {
	inside := false
	for i := range len(list) {
		switch list[i] {
		case '[':
			inside = true
		case ']':
			inside = false
		case ',':
			if !inside {
				return list[:i], list[i+1:]
			}
		}
	}
	return list, ""
}

// expand returns the names that one item stands for, at most limit.
func expand(item string, limit int) ([]string, error) {
	names := []string{""}
	for item != "" {
		text, rest, bracketed := strings.Cut(item, "[")
		if strings.Contains(text, "]") {
			return nil, fmt.Errorf("%q closes a bracket that it did not open", item)
		}
		numbers := []string{""}
		if bracketed {
			ranges, after, closed := strings.Cut(rest, "]")
			if !closed {
				return nil, fmt.Errorf("%q does not close its bracket", item)
			}
			var err error
			if numbers, err = count(ranges, limit); err != nil {
				return nil, err
			}
			rest = after
		}
		if len(names) > limit/len(numbers) {
			return nil, fmt.Errorf("more than %d hosts", MaxHosts)
		}
		product := make([]string, 0, len(names)*len(numbers))
		for _, name := range names {
			for _, number := range numbers {
				product = append(product, name+text+number)
			}
		}
		names, item = product, rest
	}
	if len(names) == 1 && names[0] == "" {
		return nil, fmt.Errorf("a name is empty")
	}
	return names, nil
}

// count returns the numbers of "01-03,20", at least one and at most limit.
func count(ranges string, limit int) ([]string, error) {
	var numbers []string
	for r := range strings.SplitSeq(ranges, ",") {
		first, last, isRange := strings.Cut(r, "-")
		if !isRange {
			last = first
		}
		low, err := strconv.ParseUint(first, 10, 62)
		if err != nil {
			return nil, fmt.Errorf("%q is not a range of numbers", r)
		}
		high, err := strconv.ParseUint(last, 10, 62)
		if err != nil || high < low {
			return nil, fmt.Errorf("%q is not a range of numbers", r)
		}
		if high-low >= uint64(max(limit-len(numbers), 0)) {
			return nil, fmt.Errorf("more than %d hosts", MaxHosts)
		}
		width := 0
		if first[0] == '0' {
			width = len(first)
		}
		for n := low; n <= high; n++ {
			numbers = append(numbers, fmt.Sprintf("%0*d", width, n))
		}
	}
	return numbers, nil
}
