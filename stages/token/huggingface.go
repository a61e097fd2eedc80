package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// huggingFace is a tokenizer as a tokenizer.json describes it: added tokens are cut
// out, the rest is normalised, cut into words and given to the model.
type huggingFace struct {
	raw         *addedSet // cut out of the text as it is
	normalized  *addedSet // cut out of the normalised text
	normalizers []normalizer
	steps       []step
	words
}

// encode appends the ids of text to s.ids.
func (h *huggingFace) encode(s *scratch, text []byte) {
	if h.raw == nil {
		h.between(s, text, true)
		return
	}
	done := 0
	for pos := 0; ; {
		start, end, on, token := h.raw.next(text, pos, done)
		if token == nil {
			break
		}
		if done < start {
			h.between(s, text[done:start], done == 0)
		}
		s.ids = append(s.ids, token.id)
		pos, done = on, end
	}
	if done < len(text) {
		h.between(s, text[done:], done == 0)
	}
}

// between encodes what lies between the tokens that are cut out of the text as it is.
func (h *huggingFace) between(s *scratch, text []byte, begins bool) {
	text, uncut := s.normalize(h.normalizers, text)
	begins = begins && uncut
	if h.normalized == nil {
		s.pass(h, text, begins, 0)
		return
	}
	done := 0
	for pos := 0; ; {
		start, end, on, token := h.normalized.next(text, pos, done)
		if token == nil {
			break
		}
		if done < start {
			s.pass(h, text[done:start], begins && done == 0, 0)
		}
		s.ids = append(s.ids, token.id)
		pos, done = on, end
	}
	if done < len(text) {
		s.pass(h, text[done:], begins && done == 0, 0)
	}
}

// fileJSON is a tokenizer.json.
type fileJSON struct {
	AddedTokens   []addedJSON       `json:"added_tokens"`
	Normalizer    *normalizerJSON   `json:"normalizer"`
	PreTokenizer  *preTokenizerJSON `json:"pre_tokenizer"`
	PostProcessor *postJSON         `json:"post_processor"`
	Model         json.RawMessage   `json:"model"`
}

type addedJSON struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// parseHuggingFace reads a tokenizer.json.
func parseHuggingFace(data []byte) (*Tokenizer, error) {
	var file fileJSON
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("no tokenizer.json: %w\nfetch the file again", err)
	}
	if len(file.Model) == 0 {
		return nil, errors.New("the file has no \"model\"\nname the tokenizer.json of the model, not its config.json or tokenizer_config.json")
	}
	h := new(huggingFace)
	t := &Tokenizer{plain: h.encode, end: -1}
	var err error
	if h.normalizers, err = file.Normalizer.list(); err != nil {
		return nil, err
	}
	if err := file.PreTokenizer.add(h); err != nil {
		return nil, err
	}
	if n := len(h.steps); n > 0 {
		if b, ok := h.steps[n-1].(*byteLevelStep); ok {
			b.rewrites, h.byteLevel = false, true
		}
	}
	if t.ids, err = h.parseModel(file.Model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := h.add(t, file.AddedTokens); err != nil {
		return nil, err
	}
	for token, id := range t.ids {
		if id < 0 || id == 1<<31-1 {
			return nil, fmt.Errorf("token %q has the id %d\nfetch the file again", token, id)
		}
		t.size = max(t.size, int(id)+1)
	}
	t.before, t.after, err = file.PostProcessor.around()
	for _, id := range append(t.before, t.after...) {
		if id < 0 || id == 1<<31-1 {
			return nil, fmt.Errorf("post_processor has the id %d\nfetch the file again", id)
		}
		t.size = max(t.size, int(id)+1)
	}
	return t, err
}

// add takes up the added tokens.
func (h *huggingFace) add(t *Tokenizer, list []addedJSON) error {
	var contents [2][]string
	var tokens [2][]added
	// Special tokens come first where two look the same.
	for _, special := range []bool{true, false} {
		for _, a := range list {
			if a.Special != special || a.Content == "" {
				continue
			}
			id, ok := t.ids[a.Content]
			if !ok {
				id = a.ID
				t.ids[a.Content] = id
			}
			i, content := 0, a.Content
			if a.Normalized {
				i = 1
				s := new(scratch)
				text, _ := s.normalize(h.normalizers, []byte(content))
				content = string(text)
			}
			contents[i] = append(contents[i], content)
			tokens[i] = append(tokens[i], added{id, a.SingleWord, a.LStrip, a.RStrip})
		}
	}
	h.raw = newAddedSet(contents[0], tokens[0])
	h.normalized = newAddedSet(contents[1], tokens[1])
	return nil
}

// postJSON is a post-processor in a tokenizer.json.
type postJSON struct {
	Type       string      `json:"type"`
	Processors []postJSON  `json:"processors"`
	Sep        pairJSON    `json:"sep"`
	Cls        pairJSON    `json:"cls"`
	Single     []pieceJSON `json:"single"`
	Special    map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
}

type pieceJSON struct {
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
}

// pairJSON is ["[CLS]", 101].
type pairJSON struct{ id int32 }

func (p *pairJSON) UnmarshalJSON(data []byte) error {
	var token string
	return json.Unmarshal(data, &[]any{&token, &p.id})
}

// around returns the special tokens before and after each text.
func (p *postJSON) around() (before, after []int32, err error) {
	if p == nil {
		return nil, nil, nil
	}
	switch p.Type {
	case "Sequence":
		for i := range p.Processors {
			b, a, err := p.Processors[i].around()
			if err != nil {
				return nil, nil, err
			}
			before, after = append(b, before...), append(after, a...)
		}
		return before, after, nil
	case "ByteLevel": // about offsets only
		return nil, nil, nil
	case "BertProcessing", "RobertaProcessing":
		return []int32{p.Cls.id}, []int32{p.Sep.id}, nil
	case "TemplateProcessing":
		texts := 0
		for _, piece := range p.Single {
			switch {
			case piece.Sequence != nil:
				texts++
			case piece.SpecialToken != nil:
				special, ok := p.Special[piece.SpecialToken.ID]
				if !ok {
					return nil, nil, fmt.Errorf("post_processor: special token %q is not in special_tokens\nfetch the file again", piece.SpecialToken.ID)
				}
				if texts == 0 {
					before = append(before, special.IDs...)
				} else {
					after = append(after, special.IDs...)
				}
			}
		}
		if texts != 1 {
			return nil, nil, fmt.Errorf("post_processor: the template for one text has it %d times\none that has it once is needed", texts)
		}
		return before, after, nil
	}
	return nil, nil, fmt.Errorf("post_processor %q is not known\nit may be of a newer release of tokenizers than %s", p.Type, Peer)
}

// modelJSON is what all models in a tokenizer.json have, and what some have.
type modelJSON struct {
	Type          string          `json:"type"`
	Vocab         json.RawMessage `json:"vocab"`
	Merges        []mergeJSON     `json:"merges"`
	Dropout       *float64        `json:"dropout"`
	UnkToken      *string         `json:"unk_token"`
	UnkID         *int32          `json:"unk_id"`
	Prefix        *string         `json:"continuing_subword_prefix"`
	Suffix        *string         `json:"end_of_word_suffix"`
	MaxInputChars *int            `json:"max_input_chars_per_word"`
	FuseUnk       bool            `json:"fuse_unk"`
	ByteFallback  bool            `json:"byte_fallback"`
	IgnoreMerges  bool            `json:"ignore_merges"`
}

// parseModel makes the model, and returns its vocabulary.
func (h *huggingFace) parseModel(data []byte) (map[string]int32, error) {
	var m modelJSON
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w\nfetch the file again", err)
	}
	if m.Type == "" { // older files
		switch {
		case len(m.Vocab) > 0 && m.Vocab[0] == '[':
			m.Type = "Unigram"
		case m.Merges != nil:
			m.Type = "BPE"
		case m.MaxInputChars != nil:
			m.Type = "WordPiece"
		default:
			m.Type = "WordLevel"
		}
	}
	if len(m.Vocab) == 0 {
		return nil, errors.New("there is no vocab\nfetch the file again")
	}
	if m.Type == "Unigram" {
		u, ids, err := m.unigram()
		h.model = u
		return ids, err
	}
	vocab := map[string]int32{}
	if err := json.Unmarshal(m.Vocab, &vocab); err != nil {
		return nil, fmt.Errorf("vocab: %w\nfetch the file again", err)
	}
	var err error
	switch m.Type {
	case "BPE":
		var b *bpe
		b, err = m.bpe(vocab, h.byteLevel)
		h.model = b
		h.atSpaces = err == nil && !h.byteLevel && b.atSpaces()
	case "WordPiece":
		h.model, err = m.wordPiece(vocab)
	case "WordLevel":
		h.model, err = m.wordLevel(vocab)
	default:
		err = fmt.Errorf("type = %q is not known\nthere are BPE, Unigram, WordPiece and WordLevel", m.Type)
	}
	return vocab, err
}

// unknown returns the id of the unknown token, -1 if there is none.
func (m *modelJSON) unknown(vocab map[string]int32) (int32, error) {
	if m.UnkToken == nil {
		return -1, nil
	}
	if id, ok := vocab[*m.UnkToken]; ok {
		return id, nil
	}
	return -1, fmt.Errorf("unk_token = %q is not in the vocabulary", *m.UnkToken)
}

// wordLevel is the model that knows whole words.
type wordLevel struct {
	ids     map[string]int32
	unknown int32
}

func (m *modelJSON) wordLevel(vocab map[string]int32) (*wordLevel, error) {
	unknown, err := m.unknown(vocab)
	if err == nil && unknown < 0 {
		err = errors.New("there is no unk_token")
	}
	return &wordLevel{vocab, unknown}, err
}

func (w *wordLevel) append(_ *scratch, ids []int32, word []byte) []int32 {
	if id, ok := w.ids[string(word)]; ok {
		return append(ids, id)
	}
	return append(ids, w.unknown)
}

// wordPiece is the model of BERT: the longest piece that a word begins with,
// then of the rest, or unknown as a whole (Wu et al. 2016, https://arxiv.org/abs/1609.08144).
type wordPiece struct {
	first, rest *trie // pieces at the start of a word, and after it, without the prefix
	unknown     int32
	longest     int // code points of a word that is looked at
}

func (m *modelJSON) wordPiece(vocab map[string]int32) (*wordPiece, error) {
	unknown, err := m.unknown(vocab)
	if err != nil {
		return nil, err
	}
	if unknown < 0 {
		return nil, errors.New("there is no unk_token")
	}
	prefix := "##"
	if m.Prefix != nil {
		prefix = *m.Prefix
	}
	w := &wordPiece{unknown: unknown, longest: 100}
	if m.MaxInputChars != nil {
		w.longest = *m.MaxInputChars
	}
	var first, rest []key
	for piece, id := range vocab {
		if piece != "" {
			first = append(first, key{piece, id})
		}
		if n := len(prefix); len(piece) > n && piece[:n] == prefix {
			rest = append(rest, key{piece[n:], id})
		}
	}
	w.first, w.rest = newTrie(first), newTrie(rest)
	return w, nil
}

func (w *wordPiece) append(_ *scratch, ids []int32, word []byte) []int32 {
	if len(word) > w.longest && utf8.RuneCount(word) > w.longest {
		return append(ids, w.unknown)
	}
	n := len(ids)
	pieces := w.first
	for len(word) > 0 {
		id, size := pieces.longest(word)
		if size == 0 {
			return append(ids[:n], w.unknown)
		}
		ids = append(ids, id)
		word = word[size:]
		pieces = w.rest
	}
	return ids
}
