package text

import (
	"context"
	"errors"
	"fmt"
	"os"

	"sluice/stages"
	"sluice/stages/scan"
	"sluice/stages/token"
)

// TokenCount is the table of text.token_count.
type TokenCount struct {
	Tokenizer string `toml:"tokenizer" path:"file" doc:"tokenizer.json of Hugging Face or .model of SentencePiece, or the folder with it"`
	ModelName string `toml:"hf_model_name" doc:"nothing is fetched: name a file in tokenizer"`
	MinTokens int64  `toml:"min_tokens" doc:"fewest tokens that stay"`
	MaxTokens int64  `toml:"max_tokens" doc:"most tokens that stay"`

	tokenizer *token.Tokenizer
}

// DefaultTokenCount has NeMo Curator's bounds, which keep all texts.
func DefaultTokenCount() TokenCount { return TokenCount{MaxTokens: 1e12} }

// NewTokenCount returns the filter that keeps texts of MinTokens to MaxTokens
// tokens. The score is the number of tokens, with those that the tokenizer puts around each
// text; see [token.Tokenizer.Encode].
func NewTokenCount(c stages.Common, t TokenCount) ([]stages.Stage, error) {
	var file, name error
	if t.ModelName != "" {
		name = fmt.Errorf("hf_model_name = %q: nodes of clusters see no network, so nothing is fetched\n"+
			"run hf download %s tokenizer.json where there is one, and name the file with tokenizer", t.ModelName, t.ModelName)
	} else if t.Tokenizer == "" {
		file = errors.New("tokenizer is missing\nname the tokenizer.json of a Hugging Face model, or the .model file of a SentencePiece one")
	} else if _, err := os.Stat(t.Tokenizer); err != nil {
		file = fmt.Errorf("tokenizer: %w\nname the tokenizer.json of a Hugging Face model, or the .model file of a SentencePiece one", err)
	}
	return stages.OneFilter(c, &t, file, name, stages.CheckOrder("min_tokens", t.MinTokens, "max_tokens", t.MaxTokens))
}

// Prepare reads the tokenizer.
func (t *TokenCount) Prepare(context.Context) error {
	var err error
	if t.tokenizer, err = token.Open(t.Tokenizer); err != nil {
		return fmt.Errorf("tokenizer: %w", err)
	}
	return nil
}

// Score returns the number of tokens.
func (t *TokenCount) Score(d *scan.Document) float64 { return float64(t.tokenizer.Count(d.Text())) }

// Keep says whether that number of tokens stays.
func (t *TokenCount) Keep(score float64) bool {
	return float64(t.MinTokens) <= score && score <= float64(t.MaxTokens)
}
