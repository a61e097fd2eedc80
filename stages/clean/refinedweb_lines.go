package clean

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// RefinedWebLines is the table of clean.refinedweb_lines.
type RefinedWebLines struct {
	Upper     float64  `toml:"max_upper_ratio" doc:"lines go of which more characters are capitals"`
	Words     int64    `toml:"min_words_per_line" doc:"lines of fewer words go"`
	Numbers   bool     `toml:"filter_numbers" doc:"lines go whose characters are digits alone"`
	Counters  bool     `toml:"filter_counters" doc:"lines go that count, such as 3 likes"`
	Short     int64    `toml:"short_line_words" doc:"words of a line up to which the phrases below are taken out of it"`
	Prefixes  []string `toml:"prefixes" doc:"phrases at the beginning of short lines, in whatever letters"`
	Suffixes  []string `toml:"suffixes" doc:"phrases at the end of short lines"`
	Anywhere  []string `toml:"anywhere" doc:"phrases anywhere in short lines"`
	MaxLosses float64  `toml:"max_removed_ratio" doc:"texts go that lose a larger share of their words"`
}

// DefaultRefinedWebLines has the bounds of RefinedWeb, and the phrases that its paper names.
func DefaultRefinedWebLines() RefinedWebLines {
	return RefinedWebLines{
		Upper: 0.5, Words: 2, Numbers: true, Counters: true, Short: 10,
		Prefixes: []string{"sign-in"}, Suffixes: []string{"read more..."}, Anywhere: []string{"items in cart"}, MaxLosses: 0.05,
	}
}

// NewRefinedWebLines returns the stage that removes lines which are no text, takes phrases out of
// short ones, and drops texts that lose too many words by it. A line of white space stays and counts for nothing.
// Source: RefinedWeb (Penedo et al. 2023, https://arxiv.org/abs/2306.01116, appendix G.2), which
// calls lines "mainly" of capitals and gives one phrase of each kind; the share of 0.5 is that of
// DCLM (Li et al. 2024, https://arxiv.org/abs/2406.11794).
func NewRefinedWebLines(c stages.Common, l RefinedWebLines) ([]stages.Stage, error) {
	complaints := []error{stages.CheckShare("max_upper_ratio", l.Upper), stages.CheckShare("max_removed_ratio", l.MaxLosses)}
	if l.Words < 0 || l.Short < 0 {
		complaints = append(complaints, errors.New("min_words_per_line and short_line_words may not be negative"))
	}
	for key, list := range map[string][]string{"prefixes": l.Prefixes, "suffixes": l.Suffixes, "anywhere": l.Anywhere} {
		if slices.Contains(list, "") {
			complaints = append(complaints, fmt.Errorf("%s has an empty phrase", key))
		}
	}
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewEditor(c, &l)}, nil
}

// Edit appends the lines that are left.
func (l *RefinedWebLines) Edit(dst, text []byte) ([]byte, bool) {
	all, lost, first := int64(0), int64(0), true
	for line := range bytes.SplitSeq(text, lineFeed) {
		words, _ := countWords(line)
		all += words
		trimmed := scan.Trim(line)
		switch {
		case words == 0:
		case words < l.Words || l.isUpper(line) || l.Numbers && isNumber(trimmed) || l.Counters && isCounter(trimmed):
			lost += words
			continue
		case words <= l.Short:
			if short := l.shorten(trimmed); len(short) < len(trimmed) {
				left, _ := countWords(short)
				lost += words - left
				if left == 0 {
					continue
				}
				line = short
			}
		}
		dst, first = appendLine(dst, line, first), false
	}
	return dst, float64(lost) <= l.MaxLosses*float64(all)
}

// isUpper says that too many characters of a line are capitals.
func (l *RefinedWebLines) isUpper(line []byte) bool {
	upper, all := 0, 0
	for _, r := range string(line) {
		all++
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				upper++
			}
		} else if unicode.IsUpper(r) {
			upper++
		}
	}
	return float64(upper) > l.Upper*float64(all)
}

// isDigit knows the decimal digits of all scripts.
func isDigit(r rune) bool {
	return '0' <= r && r <= '9' || r >= utf8.RuneSelf && unicode.Is(unicode.Nd, r)
}

func isNumber(line []byte) bool {
	return bytes.IndexFunc(line, func(r rune) bool { return !isDigit(r) && !scan.IsSpace(r) }) < 0
}

// isCounter knows a number, 1,234, 5.6k or 7M, and what it counts.
func isCounter(line []byte) bool {
	line = bytes.TrimFunc(line, func(r rune) bool { return !unicode.IsLetter(r) && !isDigit(r) })
	i := 0
	for i < len(line) && ('0' <= line[i] && line[i] <= '9' || i > 0 && (line[i] == '.' || line[i] == ',')) {
		i++
	}
	if i == 0 {
		return false
	}
	if i < len(line) && bytes.IndexByte([]byte("kKmMbB"), line[i]) >= 0 {
		i++
	}
	what := bytes.TrimLeftFunc(line[i:], scan.IsSpace)
	if len(what) == len(line[i:]) {
		return false
	}
	for _, counted := range []string{
		"like", "share", "comment", "retweet", "repost", "quote", "bookmark", "upvote", "downvote", "download", "view", "follower", "reply", "replies",
	} {
		if n := len(counted); len(what) >= n && bytes.EqualFold(what[:n], []byte(counted)) {
			rest := what[n:]
			return len(rest) == 0 || len(rest) == 1 && rest[0]|0x20 == 's'
		}
	}
	return false
}

// shorten takes phrases out of a line. What is left shares its memory unless a phrase stood inside.
func (l *RefinedWebLines) shorten(line []byte) []byte {
	for _, p := range l.Prefixes {
		if len(line) >= len(p) && bytes.EqualFold(line[:len(p)], []byte(p)) {
			line = scan.Trim(line[len(p):])
		}
	}
	for _, s := range l.Suffixes {
		if len(line) >= len(s) && bytes.EqualFold(line[len(line)-len(s):], []byte(s)) {
			line = scan.Trim(line[:len(line)-len(s)])
		}
	}
	for _, a := range l.Anywhere {
		for i := 0; i+len(a) <= len(line); {
			if bytes.EqualFold(line[i:i+len(a)], []byte(a)) {
				line = scan.Trim(slices.Concat(line[:i], line[i+len(a):]))
				i = 0
				continue
			}
			i++
		}
	}
	return line
}
