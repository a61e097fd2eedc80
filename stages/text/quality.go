package text

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/fasttext"
	"sluice/stages/scan"
)

// Quality is the table of text.quality.
type Quality struct {
	Model string  `toml:"model" path:"file" doc:"fastText model that tells good texts from others, .bin or .ftz"`
	Label string  `toml:"label" doc:"what it calls good ones"`
	Rule  string  `toml:"rule" doc:"pareto: by chance, the better the likelier; threshold: what has min_score"`
	Alpha float64 `toml:"alpha" doc:"pareto: the larger, the fewer texts of low score stay"`
	Min   float64 `toml:"min_score" doc:"threshold: smallest score that stays"`
}

// DefaultQuality has NeMo Curator's values, and for the other rule the middle.
func DefaultQuality() Quality {
	return Quality{Label: "__label__hq", Rule: "pareto", Alpha: 3, Min: 0.5}
}

// NewQuality returns the classifier that keeps texts that a model takes for good. The score is the
// probability of Label if that is the likeliest label, else one less the probability of
// the one that is: so with two labels it is that of Label in both cases.
//
// Rule pareto keeps a text of score s if X > 1 - s, where X has the Lomax distribution with shape Alpha, as in
// GPT-3 (Brown et al. 2020, https://arxiv.org/abs/2005.14165, appendix A): (2 - s)^-Alpha of such texts. X
// is (1-u)^(-1/Alpha) - 1, where u is made of the XXH3 hash of the text, seeded with
// the seed of the stage. So a text has the same fate in each run, whatever the ranks and the order, and another one
// with another seed; equal texts share it. NeMo Curator draws from a generator for each process instead.
//
// As there, a line feed is a space and __label__ within a text is one too.
func NewQuality(c stages.Common, f Quality) ([]stages.Stage, error) {
	q := &quality{Quality: f, seed: c.Seed}
	var model, rule, alpha error
	if model = modelFile(f.Model); f.Model == "" {
		model = errors.New("model is missing\nname a .bin or .ftz file that \"fasttext supervised\" trained with good and other texts")
	}
	if f.Rule != "pareto" && f.Rule != "threshold" {
		rule = fmt.Errorf("rule = %q is no rule; have pareto, threshold", f.Rule)
	}
	if !(f.Alpha > 0) || math.IsInf(f.Alpha, 0) {
		alpha = fmt.Errorf("alpha = %v is not above 0", f.Alpha)
	}
	if err := errors.Join(model, rule, alpha, stages.CheckShare("min_score", f.Min)); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewClassifier(c, "", q)}, nil
}

type quality struct {
	Quality
	seed  uint64
	model *fasttext.Model
	good  int // number of the label
}

// Prepare reads the model.
func (f *quality) Prepare(context.Context) (err error) {
	if f.model, err = fasttext.Open(f.Model); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	labels := f.model.Labels()
	if f.good = slices.Index(labels, f.Label); f.good < 0 {
		return fmt.Errorf("label = %q is none of the model's\n%s", f.Label, knows(labels))
	}
	return nil
}

// Held is the model.
func (f *quality) Held(threads int) int64 { return f.model.Held(threads) }

// Classify says how good a text is.
func (f *quality) Classify(d *scan.Document) stages.Class {
	score := f.score(d.Text())
	if math.IsNaN(score) {
		return stages.Class{Score: score}
	}
	stays := score >= f.Min
	if f.Rule == "pareto" {
		stays = lomax(xxh3.HashSeed(d.Text(), f.seed), f.Alpha) > 1-score
	}
	return stages.Class{Score: score, Stays: stays}
}

// score returns the score, or NaN of a text of which the model knows nothing.
func (f *quality) score(text []byte) float64 {
	if prefix := []byte(fasttext.Prefix); bytes.Contains(text, prefix) {
		text = bytes.ReplaceAll(text, prefix, []byte(" "))
	}
	var room [1]fasttext.Prediction
	list := f.model.Predict(room[:0], text, 1)
	switch {
	case len(list) == 0:
		return math.NaN()
	case list[0].Label == f.good:
		return float64(list[0].Probability)
	}
	return 1 - float64(list[0].Probability)
}

// lomax makes a number of a random hash: the upper 53 bits are u, from 0 to below 1.
func lomax(hash uint64, alpha float64) float64 {
	u := float64(hash>>11) / (1 << 53)
	return math.Expm1(-math.Log1p(-u) / alpha)
}
