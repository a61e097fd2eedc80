package text

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// Histogram is the table of text.histogram.
type Histogram struct {
	Lang      string  `toml:"lang" doc:"language whose characters are expected: the name of a file in cache_dir"`
	Threshold float64 `toml:"threshold" doc:"share of characters that must be expected ones, and more"`
	Dir       string  `toml:"cache_dir" path:"file" doc:"folder with the unpacked histograms.tar.gz of m2m_100, or that with its files"`
	End       string  `toml:"threshold_char" doc:"line of a file that ends the expected characters"`

	expected *charSet
}

// DefaultHistogram has NeMo Curator's bounds.
func DefaultHistogram() Histogram { return Histogram{Lang: "en", Threshold: 0.8, End: "]"} }

// NewHistogram returns the filter that keeps texts of more than Threshold
// characters that are common in a language: a cheap language check. Those are the
// first ones of the lines of file Lang, up to the line that begins with End. White space around the
// text counts in the whole and not in the part. The score is 1 or 0, none for an empty
// text. Source: NLLB (2022, https://arxiv.org/abs/2207.04672, page 30); the files are at
// https://dl.fbaipublicfiles.com/m2m_100/histograms.tar.gz, and are not fetched from here: nodes of clusters see no network.
func NewHistogram(c stages.Common, f Histogram) ([]stages.Stage, error) {
	var dir, end error
	if f.Dir == "" {
		dir = errors.New("cache_dir is missing\nunpack https://dl.fbaipublicfiles.com/m2m_100/histograms.tar.gz and name the folder")
	} else if f.expected, dir = readHistogram(f.Dir, f.Lang, f.End); dir != nil {
		dir = fmt.Errorf("cache_dir: %w", dir)
	}
	if utf8.RuneCountInString(f.End) != 1 {
		end = fmt.Errorf("threshold_char = %q is not one character", f.End)
	}
	return stages.OneFilter(c, f, stages.CheckShare("threshold", f.Threshold), dir, end)
}

// readHistogram reads the characters of a language.
func readHistogram(dir, lang, end string) (*charSet, error) {
	if lang == "" || lang != filepath.Base(lang) {
		return nil, fmt.Errorf("lang = %q is no name of a file", lang)
	}
	path := filepath.Join(dir, lang)
	for _, below := range []string{"checkpoint/edunov/cc60_multilingual/clean_hists", "histograms/checkpoint/edunov/cc60_multilingual/clean_hists"} {
		if p := filepath.Join(dir, below, lang); isFile(p) {
			path = p
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w\nname the folder with the file of language %q", err, lang)
	}
	defer file.Close()
	set := &charSet{more: map[rune]bool{}}
	in := bufio.NewScanner(file)
	for in.Scan() {
		line := in.Text()
		if end != "" && strings.HasPrefix(line, end) {
			break
		}
		r, _ := utf8.DecodeRuneInString(line + "\n") // an empty line stands for the line feed
		set.add(r)
	}
	return set, in.Err()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// A charSet is a set of code points.
type charSet struct {
	low  [0x3000]bool
	more map[rune]bool
}

func (s *charSet) add(r rune) {
	if int(r) < len(s.low) {
		s.low[r] = true
	} else {
		s.more[r] = true
	}
}

func (s *charSet) has(r rune) bool {
	if int(r) < len(s.low) {
		return s.low[r]
	}
	return s.more[r]
}

// Score returns 1 or 0.
func (f Histogram) Score(d *scan.Document) float64 {
	n := 0
	for text := scan.Trim(d.Text()); len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		if f.expected.has(r) {
			n++
		}
		text = text[size:]
	}
	ratio := divide(n, d.Characters().CodePoints)
	switch {
	case ratio != ratio:
		return ratio
	case ratio > f.Threshold:
		return 1
	}
	return 0
}

// Keep keeps texts of expected characters.
func (f Histogram) Keep(score float64) bool { return score == 1 }
