package code

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"sluice/stages"
	"sluice/stages/scan"
	"sluice/stages/token"
)

// TokenizerFertility is the table of code.tokenizer_fertility.
type TokenizerFertility struct {
	Tokenizer string  `toml:"path_to_tokenizer" path:"file" doc:".model of SentencePiece or tokenizer.json of Hugging Face, or the folder with it"`
	Min       float64 `toml:"min_char_to_token_ratio" doc:"fewest code points a token, in the mean"`

	tokenizer *token.Tokenizer
}

// DefaultTokenizerFertility has NeMo Curator's bounds.
func DefaultTokenizerFertility() TokenizerFertility { return TokenizerFertility{Min: 2.5} }

// NewTokenizerFertility returns the filter that keeps texts whose tokens are
// Min code points long, in the mean, or longer: what a tokenizer cuts into small pieces is rarely code that a
// model can learn from. The score is code points by tokens, without the tokens that the tokenizer
// puts around each text, and -1 where there are none.
// Source: NeMo Curator, TokenizerFertilityFilter.
func NewTokenizerFertility(c stages.Common, f TokenizerFertility) ([]stages.Stage, error) {
	var file, bound error
	if f.Tokenizer == "" {
		file = errors.New("path_to_tokenizer is missing\nname the .model file of a SentencePiece model, or the tokenizer.json of a Hugging Face one")
	} else if _, err := os.Stat(f.Tokenizer); err != nil {
		file = fmt.Errorf("path_to_tokenizer: %w\nname the .model file of a SentencePiece model, or the tokenizer.json of a Hugging Face one", err)
	}
	if f.Min < 0 || math.IsNaN(f.Min) {
		bound = fmt.Errorf("min_char_to_token_ratio = %v is negative", f.Min)
	}
	if err := errors.Join(file, bound); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewFilter(c, &f)}, nil
}

// Prepare reads the tokenizer.
func (f *TokenizerFertility) Prepare(context.Context) error {
	var err error
	if f.tokenizer, err = token.Open(f.Tokenizer); err != nil {
		return fmt.Errorf("path_to_tokenizer: %w", err)
	}
	return nil
}

// Score returns the mean length of a token.
func (f *TokenizerFertility) Score(d *scan.Document) float64 {
	n := f.tokenizer.CountPlain(d.Text())
	if n == 0 {
		return -1
	}
	return float64(d.Characters().CodePoints) / float64(n)
}

// Keep says whether that mean length stays.
func (f *TokenizerFertility) Keep(score float64) bool { return score >= f.Min }
