package code

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/scan"
)

// PerExtension is the table of code.per_extension.
type PerExtension struct {
	Lang      string `toml:"lang" doc:"language of the files, as metadata_file names it"`
	Extension string `toml:"extension" doc:"extension of the files, without the dot"`
	Metadata  string `toml:"metadata_file" path:"file" doc:"CSV with a header: language, extension, Include, Long_line_threshold, Alphanum_threshold, Alpha filter"`
}

// NewPerExtension returns the filter that holds files against the bounds that BigCode set for
// their language and extension (columns of Metadata): Include = 1; no line longer than Long_line_threshold
// code points, and then lines of 100 at most in the mean; at least Alphanum_threshold of the code points
// ASCII letters, digits, line feeds or ?!,.; at least "Alpha filter" of them letters. A bound that is no
// number, or 0, holds for none. The score is 1 for a file within the bounds and 0 for others; files of
// an extension that is not listed go, as they do with NeMo Curator. An empty file has no
// score. Source: StarCoder (Li et al. 2023, https://arxiv.org/abs/2305.06161).
func NewPerExtension(c stages.Common, f PerExtension) ([]stages.Stage, error) {
	var lang, file error
	if f.Lang == "" {
		lang = errors.New("lang is missing\nname the language as metadata_file does")
	}
	if f.Metadata == "" {
		file = errors.New("metadata_file is missing\nname the CSV with the bounds of each language and extension")
	}
	return stages.OneFilter(c, &perExtension{PerExtension: f}, lang, file)
}

type perExtension struct {
	PerExtension
	bounds extensionBounds
}

// extensionBounds are what a row says; 0 = no bound.
type extensionBounds struct {
	include                  bool
	longest                  int
	alphanumeric, alphabetic float64
}

// Prepare reads the bounds.
func (f *perExtension) Prepare(context.Context) error {
	file, err := os.Open(f.Metadata)
	if err != nil {
		return fmt.Errorf("metadata_file: %w", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("metadata_file %s: %w", f.Metadata, err)
	}
	column := map[string]int{}
	for _, name := range []string{"language", "extension", "Include", "Long_line_threshold", "Alphanum_threshold", "Alpha filter"} {
		column[name] = -1
		if len(rows) > 0 {
			column[name] = slices.Index(rows[0], name)
		}
		if column[name] < 0 {
			return fmt.Errorf("metadata_file %s has no column %q in its first row", f.Metadata, name)
		}
	}
	var languages []string
	for _, row := range rows[1:] {
		language := row[column["language"]]
		languages = append(languages, language)
		if plainLanguage(language) != plainLanguage(f.Lang) || row[column["extension"]] != f.Extension {
			continue
		}
		f.bounds = extensionBounds{include: row[column["Include"]] == "1"}
		f.bounds.longest, _ = strconv.Atoi(row[column["Long_line_threshold"]])
		f.bounds.alphanumeric, _ = strconv.ParseFloat(row[column["Alphanum_threshold"]], 64)
		f.bounds.alphabetic, _ = strconv.ParseFloat(row[column["Alpha filter"]], 64)
	}
	if !slices.ContainsFunc(languages, func(l string) bool { return plainLanguage(l) == plainLanguage(f.Lang) }) {
		slices.Sort(languages)
		return fmt.Errorf("metadata_file %s has no language %q; have %s", f.Metadata, f.Lang, strings.Join(slices.Compact(languages), ", "))
	}
	return nil
}

// plainLanguage is how metadata files write a language.
func plainLanguage(name string) string {
	switch name {
	case "C#":
		return "c-sharp"
	case "F#":
		return "f-sharp"
	}
	return strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

// Score returns 1 or 0.
func (f *perExtension) Score(d *scan.Document) float64 {
	n := d.Characters()
	b := f.bounds
	if n.CodePoints == 0 {
		return math.NaN()
	}
	if !b.include {
		return 0
	}
	if b.longest > 0 {
		lines, longest := lineLengths(d.Text(), n.ASCII)
		if mean := float64(n.CodePoints+1)/float64(lines) - 1; longest > b.longest || mean > 100 {
			return 0
		}
	}
	if float64(n.Basic)/float64(n.CodePoints) < b.alphanumeric || float64(letters(d.Text())) < b.alphabetic*float64(n.CodePoints) {
		return 0
	}
	return 1
}

// Keep keeps files within the bounds.
func (f *perExtension) Keep(score float64) bool { return score == 1 }

// lineLengths returns the number of lines and the code points of the longest.
func lineLengths(text []byte, ascii bool) (lines, longest int) {
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		n := len(line)
		if !ascii {
			n = scan.CodePoints(line)
		}
		lines, longest = lines+1, max(longest, n)
	}
	return lines, longest
}

// letters counts the code points of category L.
func letters(text []byte) (n int) {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if unicode.IsLetter(r) {
			n++
		}
		i += size
	}
	return n
}
