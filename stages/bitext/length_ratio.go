// Package bitext holds filters of pairs of texts that are translations of each other. A
// sample has both, in two columns.
package bitext

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// LengthRatio is the table of bitext.length_ratio.
type LengthRatio struct {
	Max        float64 `toml:"max_ratio" doc:"pairs whose longer text has so many times the words of the other, or more, go"`
	Source     string  `toml:"src_field" doc:"column of one text"`
	Target     string  `toml:"tgt_field" doc:"column of the other"`
	SourceLang string  `toml:"src_lang" doc:"words are what white space parts; zh and ja are refused"`
	TargetLang string  `toml:"tgt_lang" doc:"as src_lang"`
}

// DefaultLengthRatio has NeMo Curator's bounds.
func DefaultLengthRatio() LengthRatio {
	return LengthRatio{Max: 3, Source: "src", Target: "tgt", SourceLang: "en", TargetLang: "en"}
}

// NewLengthRatio returns the filter that keeps pairs of texts of about the same number of words. The
// score is the larger of their two ratios, none where a text is missing or has no words.
func NewLengthRatio(c stages.Common, l LengthRatio) ([]stages.Stage, error) {
	var complaints []error
	if l.Max <= 1 || math.IsNaN(l.Max) {
		complaints = append(complaints, fmt.Errorf("max_ratio = %v leaves nothing: want more than 1", l.Max))
	}
	if l.Source == "" || l.Target == "" || l.Source == l.Target {
		complaints = append(complaints, fmt.Errorf("src_field = %q and tgt_field = %q: want two columns", l.Source, l.Target))
	}
	complaints = append(complaints, stages.CheckLang("src_lang", l.SourceLang), stages.CheckLang("tgt_lang", l.TargetLang))
	if err := errors.Join(complaints...); err != nil {
		return nil, err
	}
	return []stages.Stage{&lengthRatio{LengthRatio: l, verdict: stages.Verdict{Common: c}}}, nil
}

type lengthRatio struct {
	LengthRatio
	verdict stages.Verdict
	idle    sync.Pool // of *scan.Document
}

func (l *lengthRatio) Name() string { return l.verdict.Common.Name }

func (l *lengthRatio) Columns() stages.Columns {
	return l.verdict.Columns(stages.Need{Name: l.Source, Type: stages.Text}, stages.Need{Name: l.Target, Type: stages.Text})
}

func (l *lengthRatio) Map(_ context.Context, b *stages.Batch) error {
	for _, name := range l.Columns().Adds {
		b.Add(name)
	}
	d, ok := l.idle.Get().(*scan.Document)
	if !ok {
		d = new(scan.Document)
	}
	defer l.idle.Put(d)
	source, target := b.Column(l.Source).Text, b.Column(l.Target).Text
	for i := range b.Keep {
		if !b.Keep[i] {
			continue
		}
		score := math.NaN()
		if source[i] != nil && target[i] != nil {
			score = l.score(d, source[i], target[i])
		}
		l.verdict.Settle(b, i, stages.Class{Score: score, Stays: score < l.Max})
	}
	d.Release()
	return nil
}

// score returns the ratio of words, at least 1; NaN without words.
func (l *lengthRatio) score(d *scan.Document, source, target []byte) float64 {
	d.Reset(source)
	s := float64(len(d.Words()))
	d.Reset(target)
	t := float64(len(d.Words()))
	if s == 0 || t == 0 {
		return math.NaN()
	}
	return max(s/t, t/s)
}
