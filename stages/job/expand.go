package job

import (
	"fmt"
	"path/filepath"
	"strings"
)

// expand replaces ~, $NAME, ${NAME} and ${NAME:-default} in a path. Nothing
// else is special: "$5" and a lone "$" stay.
func expand(s string, getenv func(string) (string, bool)) (string, error) {
	if s == "~" || strings.HasPrefix(s, "~/") {
		home, _ := getenv("HOME")
		if home == "" {
			return "", fmt.Errorf("%q: $HOME is not set", s)
		}
		s = strings.ReplaceAll(home, "$", "$\x00") + s[1:]
	}
	out, err := expandVariables(s, getenv)
	return strings.ReplaceAll(out, "\x00", ""), err
}

func expandVariables(s string, getenv func(string) (string, bool)) (string, error) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(s, "$")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name := after[:nameLength(after)]
		rest := after[len(name):]
		fallback, braced := "", strings.HasPrefix(after, "{")
		hasFallback := false
		if braced {
			end := closingBrace(after)
			if end < 0 {
				return "", fmt.Errorf("%q: no } after ${", s)
			}
			name, fallback, hasFallback = strings.Cut(after[1:end], ":-")
			if name == "" || nameLength(name) != len(name) {
				return "", fmt.Errorf("%q: want ${NAME} or ${NAME:-default}", "$"+after[:end+1])
			}
			rest = after[end+1:]
		}
		s = rest
		if name == "" {
			out.WriteByte('$')
			continue
		}
		value, _ := getenv(name)
		switch {
		case value != "":
		case hasFallback:
			var err error
			if value, err = expandVariables(fallback, getenv); err != nil {
				return "", err
			}
		default:
			// An empty one would turn "$SCRATCH/out" into "/out".
			return "", fmt.Errorf("the variable $%s is not set\nset it, or write ${%s:-default}", name, name)
		}
		out.WriteString(value)
	}
}

// nameLength returns the length of the variable name that s starts with.
func nameLength(s string) int {
	for i, c := range []byte(s) {
		letter := c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}

// closingBrace returns the index of the } that closes the { at s[0], or -1.
func closingBrace(s string) int {
	depth := 0
	for i, c := range []byte(s) {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// absolute expands a path and makes it absolute, as seen from dir.
func absolute(path, dir string, getenv func(string) (string, bool)) (string, error) {
	if strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("%q: a path holds no zero byte", path)
	}
	path, err := expand(path, getenv)
	if err != nil {
		return "", err
	}
	if path == "" {
		return "", fmt.Errorf("a path may not be empty")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return filepath.Clean(path), nil
}
