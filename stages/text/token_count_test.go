package text

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/scan"
)

const words = `{"pre_tokenizer": {"type": "Whitespace"}, "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
"model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "the": 3}}}`

func tokenizerFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTokenCount(t *testing.T) {
	f := DefaultTokenCount()
	f.Tokenizer, f.MinTokens = tokenizerFile(t, words), 3
	if err := f.Prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]float64{
		"": 2, "the": 3, " \t\n ": 2, "the cat, the dog": 7, "你好 世界": 4, "👍🏽": 3, "a\xffb": 5,
		strings.Repeat("the cat ", 1_250_000): 2_500_002,
	} {
		var d scan.Document
		d.Reset([]byte(text))
		if got := f.Score(&d); got != want || f.Keep(got) != (want >= 3) {
			t.Errorf("%.20q has %v tokens, not %v", text, got, want)
		}
	}
}

func TestTokenCountComplaints(t *testing.T) {
	good := tokenizerFile(t, words)
	for want, f := range map[string]TokenCount{
		"tokenizer is missing":           {},
		"hf_model_name = \"gpt2\"":       {ModelName: "gpt2"},
		"tokenizer: stat":                {Tokenizer: good + "x"},
		"max_tokens = 1 is below min_to": {Tokenizer: good, MinTokens: 2, MaxTokens: 1},
		"min_tokens = -1 is negative":    {Tokenizer: good, MinTokens: -1},
	} {
		if _, err := NewTokenCount(stages.Common{}, f); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	f := TokenCount{Tokenizer: tokenizerFile(t, "{}")}
	if err := f.Prepare(context.Background()); err == nil || !strings.Contains(err.Error(), `tokenizer: `+f.Tokenizer+`: the file has no "model"`) {
		t.Error(err)
	}
}
