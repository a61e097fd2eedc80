package url

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"sluice/stages/format"
)

// maxEntry is how long a line of a list may be, in bytes.
const maxEntry = 1 << 16

// readLists reads files of domains and URLs.
func readLists(paths []string) (*set, error) {
	s := &set{}
	var a address
	for _, path := range paths {
		files, err := members(path)
		if err != nil {
			return nil, fmt.Errorf("lists: %w", err)
		}
		before := len(s.hashes)
		for _, file := range files {
			if err := eachLine(file, func(line []byte) error { return addLine(s, &a, line) }); err != nil {
				return nil, fmt.Errorf("lists: %w", err)
			}
		}
		if len(s.hashes) == before {
			return nil, fmt.Errorf("lists: %s holds no domain and no URL\nfetch it again, or take it out", path)
		}
	}
	s.seal()
	return s, nil
}

// members returns the files of a list: itself, or those of a folder as UT1 has them.
func members(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w on this node\nname a file of domains and URLs, or a folder with files domains and urls", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	for _, name := range []string{"domains", "urls"} {
		for _, end := range []string{"", ".gz", ".zst"} {
			file := filepath.Join(path, name+end)
			if _, err := os.Stat(file); err == nil {
				files = append(files, file)
			} else if !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("folder %s has neither a file domains nor a file urls\nname the folder of one category", path)
	}
	return files, nil
}

// eachLine calls do with each line of a file that is not empty and no comment. Its errors name file and line.
func eachLine(path string, do func(line []byte) error) error {
	in, err := format.OpenFile(path)
	if err != nil {
		return fmt.Errorf("%w\nsee that it is there and readable on this node", err)
	}
	defer in.Close()
	lines := bufio.NewReaderSize(in, maxEntry)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("%s:%d: a line of more than %d bytes\na list has one entry a line", path, n, maxEntry)
		case err != nil && err != io.EOF:
			return fmt.Errorf("%s:%d: %w\nfetch the file again", path, n, err)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' {
			if err := do(text); err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
		}
		if err != nil {
			return nil
		}
	}
}

// addLine adds the entries of one line: a domain, a URL, or the names that a hosts file gives an address.
func addLine(s *set, a *address, line []byte) error {
	first, rest, two := bytes.Cut(line, []byte(" "))
	if tab := bytes.IndexByte(first, '\t'); tab >= 0 {
		first, rest, two = line[:tab], line[tab+1:], true
	}
	if two {
		rest, _, _ = bytes.Cut(rest, []byte("#"))
		_, err := netip.ParseAddr(string(first))
		names := bytes.Fields(rest)
		switch {
		case err == nil:
			for _, name := range names {
				if bytes.IndexByte(name, '.') > 0 && !isAddress(name) { // localhost and the like are no domains
					addEntry(s, a, name)
				}
			}
			return nil
		case len(names) == 0:
			line = first
		case bytes.IndexByte(line, '/') < 0:
			return fmt.Errorf("%.60q is neither a domain nor a URL nor a line of a hosts file\na list has one entry a line", line)
		}
	}
	switch c := line[0]; {
	case c == '|' || c == '@' || c == '!' || bytes.HasPrefix(line, []byte("[Adblock")):
		return fmt.Errorf("%.60q is a rule for ad blockers\ntake the list as domains, or as a hosts file", line)
	case c == '<' || c == '{':
		return fmt.Errorf("%.60q is neither a domain nor a URL\nthe file may hold the page of an error: fetch it again", line)
	}
	line = bytes.TrimPrefix(line, []byte("*"))
	addEntry(s, a, bytes.TrimLeft(line, "."))
	return nil
}

func isAddress(name []byte) bool {
	_, err := netip.ParseAddr(string(name))
	return err == nil
}

func addEntry(s *set, a *address, entry []byte) {
	if a.parse(entry); a.host > 0 {
		s.add(a.text)
	}
}

// readWords reads files of words, without their marks and in small letters.
func readWords(key string, paths []string) (map[string]bool, error) {
	words := map[string]bool{}
	for _, path := range paths {
		some := false
		err := eachLine(path, func(line []byte) error {
			var word []byte
			for _, c := range line {
				if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' {
					word = append(word, c)
				}
			}
			lower(word)
			if len(word) > 0 {
				words[string(word)] = true
				some = true
			}
			return nil
		})
		if err == nil && !some {
			err = fmt.Errorf("%s holds no word\nfetch it again, or take it out", path)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return words, nil
}
