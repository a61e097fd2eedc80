package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"sluice/stages"
	"sluice/stages/fasttext"
	"sluice/stages/job"
	"sluice/stages/scan"
)

// Language is the table of text.language.
type Language struct {
	Model     string   `toml:"model" path:"file" doc:"fastText model, .bin or .ftz, such as lid.176.bin; \"\" = trigrams: slower, and 84 languages"`
	Languages []string `toml:"languages" doc:"codes of those that stay, as the model names them; \"eng\" stands for \"eng_Latn\" too; [] = all"`
	Min       float64  `toml:"min_langid_score" doc:"smallest probability of the language that stays"`
	Into      string   `toml:"into" doc:"column to write the language in; \"\" = none"`
}

// DefaultLanguage has NeMo Curator's bounds.
func DefaultLanguage() Language { return Language{Languages: []string{}, Min: 0.3} }

// NewLanguage returns the classifier that keeps texts in one of some languages. The score is the
// probability of the likeliest language, and its code goes into column Into: NeMo
// Curator's column "language" holds both as a string, "[0.97, 'EN']". Here the code stays as the
// model has it, without __label__. As there, white space around the text does not count, and a line feed is a
// space. A text without a language has no score.
func NewLanguage(c stages.Common, f Language) ([]stages.Stage, error) {
	l := &language{Language: f, identify: trigrams}
	errs := []error{stages.CheckShare("min_langid_score", f.Min), modelFile(f.Model)}
	if f.Model == "" {
		errs = append(errs, l.know(trigramCodes()))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewClassifier(c, f.Into, l)}, nil
}

type language struct {
	Language
	model *fasttext.Model // nil: trigrams
	// identify returns the number of the likeliest language, and how likely it is.
	identify func(text []byte) (i int, p float64)
	codes    [][]byte // of the languages, by their number
	stays    []bool
}

// Prepare reads the model.
func (f *language) Prepare(context.Context) error {
	if f.Model == "" {
		return nil
	}
	m, err := fasttext.Open(f.Model)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	f.model = m
	f.identify = func(text []byte) (int, float64) {
		var room [1]fasttext.Prediction
		if list := m.Predict(room[:0], text, 1); len(list) > 0 {
			return list[0].Label, float64(list[0].Probability)
		}
		return 0, math.NaN()
	}
	codes := make([]string, len(m.Labels()))
	for i, label := range m.Labels() {
		codes[i] = strings.TrimPrefix(label, fasttext.Prefix)
	}
	return f.know(codes)
}

// Held is the model.
func (f *language) Held(threads int) int64 { return f.model.Held(threads) }

// know says what languages there are, and complains about wanted ones that are none of them.
func (f *language) know(codes []string) error {
	f.codes, f.stays = make([][]byte, len(codes)), make([]bool, len(codes))
	legal := slices.Clone(codes)
	known := map[string]bool{}
	for i, code := range codes {
		f.codes[i] = []byte(code)
		plain, _, _ := strings.Cut(code, "_")
		f.stays[i] = len(f.Languages) == 0
		for _, wanted := range f.Languages {
			if strings.EqualFold(wanted, code) || strings.EqualFold(wanted, plain) {
				f.stays[i], known[wanted] = true, true
			}
		}
		legal = append(legal, plain)
	}
	var errs []error
	for _, wanted := range f.Languages {
		if !known[wanted] {
			hint := knows(codes)
			if d := job.DidYouMean(wanted, legal); d != "" {
				hint = fmt.Sprintf("did you mean %q?", d)
			}
			errs = append(errs, fmt.Errorf("languages has %q, which the model does not know\n%s", wanted, hint))
		}
	}
	return errors.Join(errs...)
}

// knows lists what a model knows.
func knows(labels []string) string {
	const most = 40
	if len(labels) > most {
		return fmt.Sprintf("it knows %s and %d more", strings.Join(labels[:most], ", "), len(labels)-most)
	}
	return "it knows " + strings.Join(labels, ", ")
}

// modelFile complains about a model that is not there. What is in it is seen when it is read.
func modelFile(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("model: %w\nname a .bin or .ftz file of fastText's", err)
	case info.IsDir():
		return fmt.Errorf("model = %q is a folder\nname a .bin or .ftz file of fastText's", path)
	}
	return nil
}

// Classify names the language.
func (f *language) Classify(d *scan.Document) stages.Class {
	i, p := f.identify(scan.Trim(d.Text()))
	if math.IsNaN(p) {
		return stages.Class{Score: p}
	}
	return stages.Class{Label: f.codes[i], Score: p, Stays: p >= f.Min && f.stays[i]}
}
