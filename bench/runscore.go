package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ScoreOptions are those of the benchmark score.
type ScoreOptions struct {
	Truth     string  // folder with truth_pairs.tsv, and planted.tsv if there is one
	Threshold float64 // 0 = 0.8
	As        string  // the result is named score-AS; "" = after what is scored
}

// defaultThreshold is that of dedup.fuzzy, and of most peers.
const defaultThreshold = 0.8

// runScore scores the clustering that is its one argument.
func runScore(_ context.Context, b *bench) error {
	o := b.Score
	if o.Truth == "" {
		return errors.New("needs the truth\nfor example: sluice bench score OUT --truth shared/corpus")
	}
	if o.Threshold == 0 {
		o.Threshold = defaultThreshold
	}
	t, err := ReadTruth(o.Truth)
	if err != nil {
		return err
	}
	c, err := ReadClustering(b.Args[0])
	if err != nil {
		return err
	}
	if o.As == "" {
		base := filepath.Base(b.Args[0])
		o.As = strings.TrimSuffix(base, filepath.Ext(base))
	}
	b.result.Name = "score-" + o.As
	b.scored("", t.Score(c, o.Threshold))
	return nil
}

// scored notes the figures of a score, each behind a prefix.
func (b *bench) scored(prefix string, s *Score) {
	at := fmt.Sprintf("J < %g", s.Threshold)
	count := func(name string, n int, aim string) { b.figure(prefix+name, float64(n), "documents", aim) }
	count("clustered", s.Clustered, "")
	b.figure(prefix+"clusters", float64(s.Clusters), "", "")
	count("largest cluster", s.Largest, "")
	count("removed", s.Removed, "")
	count("removed, ideal of components", s.Ideal, "")
	count("removed by the exact star", s.Star, "")
	count("removed by the exact star, but not here", s.Missed, "")
	count("removed here, but not by the exact star", s.Extra, "")
	count(fmt.Sprintf("kept, but J >= %g to an earlier one that is kept", s.Threshold), s.Left, "0")
	b.figure(prefix+"pair recall", s.PairRecall, "", "")
	b.figure(prefix+"document precision", s.Precision, "", "")
	b.figure(prefix+"document recall", s.Recall, "", "")
	b.figure(prefix+"F1", s.F1, "", "")
	count("removed, best partner "+at, s.Alone, "0")
	b.figure(prefix+"removed, best partner "+at+": share", float64(s.Alone)/float64(max(1, s.Removed)), "of removed", "0")
	count("removed, best partner J < 0.7", s.Below07, "0")
	count("removed, best partner J < 0.5", s.Below05, "0")
	count("removed, kept one "+at, s.BelowKept, "0 for stars")
	if s.Stated > 0 {
		b.figure(prefix+"similarity misstated", float64(s.Misstated), fmt.Sprintf("of %d", s.Stated), "0 where verified")
	}
	for _, f := range s.Bins {
		b.figure(prefix+"found, J in "+f.Name, f.Share(), fmt.Sprintf("of %d pairs", f.Of), "")
	}
	for _, f := range s.Planted {
		b.figure(prefix+"found, planted "+f.Name, f.Share(), fmt.Sprintf("of %d", f.Of), "")
	}
}
