package token

// The patterns that most byte-level models cut texts with have matchers of
// their own here; each cuts the whole text, so that a match begins where the last one
// ended. regex_test.go compares them with the general matcher.

// known returns the finder of a pattern that has one of its own, or nil.
func known(pattern string) finder {
	switch pattern {
	case `'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
		`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`:
		return gpt2{}
	case `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
		`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:
		return cl100k{letters: isLetter, digits: 3, fold: pattern[2] == 'i'}
	case `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
		`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:
		return cl100k{letters: isLetter, digits: 1, fold: pattern[2] == 'i'}
	case `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:
		return cl100k{letters: isLetter | isMark, digits: 1, fold: true}
	case `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`:
		return o200k{digits: 3}
	case `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`:
		return clip{}
	case `\p{N}{1,3}`:
		return runs{flags: isNumber, min: 1, max: 3}
	case `\p{N}`:
		return runs{flags: isNumber, min: 1, max: 1}
	case `\p{N}+`:
		return runs{flags: isNumber, min: 1}
	case `\s+`:
		return runs{flags: isSpace, min: 1}
	case `\s`:
		return runs{flags: isSpace, min: 1, max: 1}
	case ` {2,}`:
		return runs{min: 2}
	case ` +`:
		return runs{min: 1}
	}
	return nil
}

// contraction returns the size of 's, 't, 're, 've, 'm, 'll or 'd at the start
// of text, in any case with fold.
func contraction(text []byte, fold bool) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	at := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		c := text[i]
		if fold && 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		return c
	}
	switch a, b := at(1), at(2); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case a == 'r' && b == 'e', a == 'v' && b == 'e', a == 'l' && b == 'l':
		return 3
	case fold && a == 0xc5 && b == 0xbf: // a long s
		return 3
	}
	return 0
}

// spaces returns the end of the match of \s+(?!\S)|\s+ where white space takes
// up the first n bytes of text: all of it at the end, otherwise all but
// the last code point, unless there is only one.
func spaces(text []byte, n int) int {
	if n == len(text) {
		return n
	}
	last := n - 1
	for text[last]&0xc0 == 0x80 {
		last--
	}
	if last > 0 {
		return last
	}
	return n
}

// gpt2 is '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+.
type gpt2 struct{}

func (gpt2) next(text []byte, pos int) (start, end int) {
	t := text[pos:]
	if n := contraction(t, false); n > 0 {
		return pos, pos + n
	}
	i := 0
	if t[0] == ' ' && len(t) > 1 {
		i = 1
	}
	f, size := flagsAt(t[i:])
	switch {
	case f&isLetter != 0:
		return pos, pos + i + size + run(t[i+size:], isLetter, false)
	case f&isNumber != 0:
		return pos, pos + i + size + run(t[i+size:], isNumber, false)
	case f&isSpace == 0:
		return pos, pos + i + size + run(t[i+size:], isSpace|isLetter|isNumber, true)
	}
	return pos, pos + spaces(t, run(t, isSpace, false))
}

// clip is 's|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+.
type clip struct{}

func (clip) next(text []byte, pos int) (start, end int) {
	pos += run(text[pos:], isSpace, false)
	if pos == len(text) {
		return -1, -1
	}
	t := text[pos:]
	if n := contraction(t, false); n > 0 {
		return pos, pos + n
	}
	switch f, size := flagsAt(t); {
	case f&isLetter != 0:
		return pos, pos + run(t, isLetter, false)
	case f&isNumber != 0:
		return pos, pos + size
	}
	return pos, pos + run(t, isSpace|isLetter|isNumber, true)
}

// cl100k is (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?L+|\p{N}{1,digits}|
// ?[^\sL\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+, where L are letters.
type cl100k struct {
	letters uint16
	digits  int
	fold    bool // the case of s in contractions by Unicode's rules
}

func (p cl100k) next(text []byte, pos int) (start, end int) {
	t := text[pos:]
	if n := contraction(t, true); n > 0 && (p.fold || t[1] < 0x80) {
		return pos, pos + n
	}
	f, size := flagsAt(t)
	if f&p.letters != 0 && f&(isLetter|isNumber) != 0 {
		return pos, pos + size + run(t[size:], p.letters, false)
	}
	if f&(isLetter|isNumber) == 0 && t[0] != '\r' && t[0] != '\n' {
		if n := run(t[size:], p.letters, false); n > 0 {
			return pos, pos + size + n
		}
		if f&p.letters != 0 { // a mark by itself
			return pos, pos + size
		}
	}
	if f&isNumber != 0 {
		return pos, pos + some(t, isNumber, p.digits)
	}
	if n := others(t, isSpace|p.letters|isLetter|isNumber, false); n > 0 {
		return pos, pos + n
	}
	return pos, pos + whiteRun(t)
}

// some returns the size of the first n code points at most with one of the flags.
func some(text []byte, flags uint16, n int) int {
	i := 0
	for ; n > 0; n-- {
		f, size := flagsAt(text[i:])
		if f&flags == 0 {
			break
		}
		i += size
	}
	return i
}

// others matches ?[^flags]+[\r\n]*, with slashes among the ends of lines or not.
func others(t []byte, flags uint16, slashes bool) int {
	i := 0
	if t[0] == ' ' {
		i = 1
	}
	n := run(t[i:], flags, true)
	if n == 0 {
		return 0
	}
	for i += n; i < len(t) && (t[i] == '\r' || t[i] == '\n' || slashes && t[i] == '/'); i++ {
	}
	return i
}

// whiteRun matches \s*[\r\n]+|\s+(?!\S)|\s+.
func whiteRun(t []byte) int {
	n := run(t, isSpace, false)
	for i := n - 1; i >= 0; i-- {
		if t[i] == '\r' || t[i] == '\n' {
			return i + 1
		}
	}
	if n == 0 {
		_, size := flagsAt(t) // cannot be: every code point is of some kind
		return size
	}
	return spaces(t, n)
}

// o200k is the pattern of GPT-4o: words end where upper case follows lower.
type o200k struct{ digits int }

func (p o200k) next(text []byte, pos int) (start, end int) {
	t := text[pos:]
	f, size := flagsAt(t)
	if f&(isLetter|isNumber) == 0 && t[0] != '\r' && t[0] != '\n' {
		if n := cased(t[size:], true); n > 0 {
			n += size
			return pos, pos + n + contraction(t[n:], true)
		}
		if n := cased(t, true); n > 0 {
			return pos, pos + n + contraction(t[n:], true)
		}
		if n := cased(t[size:], false); n > 0 {
			n += size
			return pos, pos + n + contraction(t[n:], true)
		}
	} else if n := cased(t, true); n > 0 {
		return pos, pos + n + contraction(t[n:], true)
	}
	if n := cased(t, false); n > 0 {
		return pos, pos + n + contraction(t[n:], true)
	}
	if f&isNumber != 0 {
		return pos, pos + some(t, isNumber, p.digits)
	}
	if n := others(t, isSpace|isLetter|isNumber, true); n > 0 {
		return pos, pos + n
	}
	return pos, pos + whiteRun(t)
}

// cased matches U*W+ or, without low, U+W*, where U is upper case and what has
// no case, W lower case and what has none. It returns 0 where that does not match.
func cased(t []byte, low bool) int {
	up := run(t, isUpper, false)
	down := run(t[up:], isLower, false)
	if !low {
		if up == 0 {
			return 0
		}
		return up + down
	}
	if down > 0 {
		return up + down
	}
	// U* gives code points back until one is in W.
	for i := up; i > 0; {
		last := i - 1
		for last > 0 && t[last]&0xc0 == 0x80 {
			last--
		}
		if f, size := flagsAt(t[last:]); f&isLower != 0 {
			return last + size
		}
		i = last
	}
	return 0
}
