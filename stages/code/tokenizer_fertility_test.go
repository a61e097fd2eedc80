package code

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
	"sluice/stages/scan"
)

// The [CLS] and [SEP] around each text do not count.
const words = `{"pre_tokenizer": {"type": "Whitespace"}, "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
"model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "the": 3}}}`

func TestTokenizerFertility(t *testing.T) {
	f := DefaultTokenizerFertility()
	f.Tokenizer = filepath.Join(t.TempDir(), "tokenizer.json")
	if _, err := NewTokenizerFertility(stages.Common{}, f); err == nil || !strings.HasPrefix(err.Error(), "path_to_tokenizer: stat") {
		t.Error(err)
	}
	if err := os.WriteFile(f.Tokenizer, []byte(words), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.Prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]float64{
		"": -1, " \n": -1, "abcde": 5, "ab cd": 2.5, "x=1": 1, "你好 世界": 2.5, "👍": 1, "a\xffb": 1,
		strings.Repeat("four ", 2_000_000): 5,
	} {
		var d scan.Document
		d.Reset([]byte(text))
		if got := f.Score(&d); got != want || f.Keep(got) != (want >= 2.5) {
			t.Errorf("%.20q has %v code points a token, not %v", text, got, want)
		}
	}
	for want, f := range map[string]TokenizerFertility{
		"path_to_tokenizer is missing":          {Min: 1},
		"min_char_to_token_ratio = -1 is negat": {Tokenizer: f.Tokenizer, Min: -1},
	} {
		if _, err := NewTokenizerFertility(stages.Common{}, f); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
