package format

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/stages"
)

// tokenizerOf writes a tokenizer whose largest id is last.
func tokenizerOf(t *testing.T, last int) stages.Write {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	text := fmt.Sprintf(`{"pre_tokenizer":{"type":"Whitespace"},"model":{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"</s>":1,"a":2,"b":%d}}}`, last)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	w := stages.DefaultWrite()
	w.Format, w.Tokenizer = "megatron", path
	return w
}

// Tokens are of 16 bits as long as all ids fit.
func TestMegatronWidth(t *testing.T) {
	for last, want := range map[int]string{
		65535: "MMIDIDX\x00\x00|\x01\x00\x00\x00\x00\x00\x00\x00|\x08|\x01\x00\x00\x00\x00\x00\x00\x00|\x02\x00\x00\x00\x00\x00\x00\x00|" +
			"\x02\x00\x00\x00|\x00\x00\x00\x00\x00\x00\x00\x00|\x00\x00\x00\x00\x00\x00\x00\x00|\x01\x00\x00\x00\x00\x00\x00\x00/\x02\x00\xff\xff",
		65536: "MMIDIDX\x00\x00|\x01\x00\x00\x00\x00\x00\x00\x00|\x04|\x01\x00\x00\x00\x00\x00\x00\x00|\x02\x00\x00\x00\x00\x00\x00\x00|" +
			"\x02\x00\x00\x00|\x00\x00\x00\x00\x00\x00\x00\x00|\x00\x00\x00\x00\x00\x00\x00\x00|\x01\x00\x00\x00\x00\x00\x00\x00/\x02\x00\x00\x00\x00\x00\x01\x00",
	} {
		sink, err := NewSink(tokenizerOf(t, last), stages.DefaultRead(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var piece, bin, idx bytes.Buffer
		p, err := sink.Piece(&stages.Shard{Name: "x.jsonl"}, &piece)
		if err != nil {
			t.Fatal(err)
		}
		b := &stages.Batch{Keep: []bool{false, true}, Columns: []stages.Column{{Name: "text", Type: stages.Text, Text: [][]byte{[]byte("a a"), []byte("a b")}}}}
		if err := p.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		pieces := []*io.SectionReader{io.NewSectionReader(bytes.NewReader(piece.Bytes()), 0, int64(piece.Len()))}
		if err := sink.(stages.MultiSink).JoinAll([]io.Writer{&bin, &idx}, pieces); err != nil {
			t.Fatal(err)
		}
		if got := idx.String() + "/" + bin.String(); got != strings.ReplaceAll(want, "|", "") {
			t.Errorf("last id %d: %q", last, got)
		}
		for n := range piece.Len() { // what is cut off is noticed, or has fewer documents
			cut := []*io.SectionReader{io.NewSectionReader(bytes.NewReader(piece.Bytes()), 0, int64(n))}
			if err := sink.(stages.MultiSink).JoinAll([]io.Writer{io.Discard, io.Discard}, cut); err == nil && n < 8 {
				t.Errorf("a piece of %d bytes was joined", n)
			}
		}
	}
}

func TestMegatronNames(t *testing.T) {
	sink, err := NewSink(tokenizerOf(t, 3), stages.DefaultRead(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a/b.jsonl.zst": "a/b", "b.parquet": "b", "b.json.gz": "b", "part-00000.jsonl": "part-00000", "b.v1": "b.v1"} {
		s := &stages.Shard{Name: name}
		if got := sink.Name(s); got != want+".bin" || sink.(stages.MultiSink).Beside(s)[0] != want+".idx" {
			t.Errorf("%s is written as %s", name, got)
		}
	}
}

// The token that ends a document is what the job says, or a file beside the tokenizer.
func TestEndOfDocument(t *testing.T) {
	for _, c := range []struct{ file, text, token, want string }{
		{"", "", "</s>", "1"},
		{"", "", "b", "3"},
		{"", "", "<eod>", `write.eod_token = "<eod>" is no token of`},
		{"", "", "", "says which token ends a document\nname it with write.eod_token"},
		{"tokenizer_config.json", `{"eos_token": "</s>"}`, "", "1"},
		{"tokenizer_config.json", `{"eos_token": {"content": "a"}}`, "", "2"},
		{"tokenizer_config.json", `{"eos_token": null}`, "", "says which token"},
		{"tokenizer_config.json", `{"eos_token": "<x>"}`, "", `eos_token = "<x>" is no token`},
		{"tokenizer_config.json", `{`, "", "tokenizer_config.json: unexpected end"},
		{"special_tokens_map.json", `{"eos_token": "b"}`, "", "3"},
		{"generation_config.json", `{"eos_token_id": 2}`, "", "2"},
		{"generation_config.json", `{"eos_token_id": [3, 1]}`, "", "3"},
		{"config.json", `{"eos_token_id": null}`, "", "says which token"},
		{"config.json", `{"eos_token_id": 9}`, "", "eos_token_id = 9 is no token"},
	} {
		w := tokenizerOf(t, 3)
		w.AppendEOD, w.EODToken = true, c.token
		if c.file != "" {
			if err := os.WriteFile(filepath.Join(filepath.Dir(w.Tokenizer), c.file), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m, err := OpenMegatron(w)
		switch {
		case err != nil && (len(c.want) == 1 || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: %v", c, err)
		case err == nil && fmt.Sprint(m.end) != c.want:
			t.Errorf("%v: %d", c, m.end)
		}
	}
}
