package text

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/abadojack/whatlanggo"
	"github.com/zeebo/xxh3"

	"sluice/stages"
	"sluice/stages/fasttext"
)

// testModel is a model of testdata/models, trained with the fastText program on made-up
// sentences: language.bin knows en, de and fr, quality.bin hq and lq.
func testModel(name string) string { return filepath.Join("../../testdata/models", name) }

// classify prepares a stage and runs it over texts.
func classify(t *testing.T, list []stages.Stage, err error, texts ...string) *stages.Batch {
	t.Helper()
	if err == nil {
		err = stages.Prepare(context.Background(), list)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(texts))
	column := stages.Column{Name: "text"}
	for _, s := range texts {
		column.Text = append(column.Text, []byte(s))
	}
	b.Columns = append(b.Columns, column)
	if err := list[0].(stages.Mapper).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	english = "the water came from the land after the people had work to do in that place"
	german  = "die Menschen und das Haus sind nicht mehr da weil die Tage im Jahr vom Wasser"
	french  = "la maison de mon père est très grande et vieille après toujours comme une école"
)

func TestLanguage(t *testing.T) {
	common := stages.Common{Name: "language", Column: "text", Score: "sure"}
	f := DefaultLanguage()
	f.Model, f.Into, f.Languages = testModel("language.bin"), "lang", []string{"EN", "fr"}
	texts := []string{english, german, french, "\u00a0\n " + strings.ReplaceAll(english, " ", "\n") + "\u3000", "", "people", " \n\t", "日本語",
		"👍🏽", strings.Repeat("x", 1<<20), english + strings.Repeat("\t", 10<<20) + german, strings.Repeat(english+" ", 1<<13), "the \xff\xfe of"}
	list, err := NewLanguage(common, f)
	b := classify(t, list, err, texts...)
	m, err := fasttext.Open(f.Model)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		best := m.Predict(nil, []byte(strings.TrimFunc(text, func(r rune) bool { return strings.ContainsRune(pythonSpace, r) })), 1)[0]
		code := strings.TrimPrefix(m.Labels()[best.Label], "__label__")
		if got := string(b.Column("lang").Values[i].Str); got != code {
			t.Errorf("%.20q is of language %q, want %q", text, got, code)
		}
		if got := b.Column("sure").Values[i]; got.Kind != stages.Float || float32(got.Float) != best.Probability {
			t.Errorf("%.20q has score %v, want %v", text, got, best.Probability)
		}
		if want := code != "de" && best.Probability >= 0.3; b.Keep[i] != want {
			t.Errorf("%.20q stays: %v, want %v", text, b.Keep[i], want)
		}
	}
	if got := string(b.Column("lang").Values[3].Str); got != "en" || b.Column("sure").Values[3].Float != b.Column("sure").Values[0].Float {
		t.Errorf("lines and white space around them make it %q", got)
	}
	f.Min, f.Languages, common.Invert = 0.9, nil, true
	list, err = NewLanguage(common, f)
	if b := classify(t, list, err, texts...); b.Keep[0] || !b.Keep[7] {
		t.Errorf("inverted: %v", b.Keep)
	}
}

// A plain code stands for the language in all scripts.
func TestLanguageCodes(t *testing.T) {
	codes := []string{"eng_Latn", "zho_Hans", "zho_Hant", "deu_Latn"}
	for _, c := range []struct {
		wanted string
		stays  []bool
	}{
		{"zho", []bool{false, true, true, false}},
		{"ZHO_hant", []bool{false, false, true, false}},
		{"", []bool{true, true, true, true}},
	} {
		f := language{}
		if c.wanted != "" {
			f.Languages = []string{c.wanted}
		}
		if err := f.know(codes); err != nil || !slices.Equal(f.stays, c.stays) {
			t.Errorf("%q: %v %v", c.wanted, f.stays, err)
		}
	}
	f := language{Language: Language{Languages: []string{"zhi", "english", "Latn"}}}
	err := f.know(codes)
	for _, want := range []string{`languages has "zhi"`, `did you mean "zho"?`, `languages has "english"`, `it knows eng_Latn, zho_Hans, zho_Hant, deu_Latn`, `"Latn"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

func TestTrigrams(t *testing.T) {
	common := stages.Common{Name: "language", Column: "text", Score: "sure"}
	f := DefaultLanguage()
	f.Into, f.Min = "lang", 0
	texts := []string{english, german, french, "Привет, как дела? Сегодня хорошая погода, и мы идём гулять", "私はここで働いています", "", "12 34 !?", strings.Repeat("我们在这里", 1<<16)}
	list, err := NewLanguage(common, f)
	b := classify(t, list, err, texts...)
	var got []string
	for _, v := range b.Column("lang").Values {
		got = append(got, string(v.Str))
	}
	if want := "en de fr ru ja   zh"; strings.Join(got, " ") != want {
		t.Errorf("languages %q, want %q", got, want)
	}
	if b.Keep[5] || b.Keep[6] || b.Column("sure").Values[6].Kind != stages.Null || !b.Keep[7] {
		t.Errorf("stays: %v", b.Keep)
	}
	codes := trigramCodes()
	slices.Sort(codes)
	if len(slices.Compact(codes)) != len(whatlanggo.Langs) || len(codes) != 84 || codes[0] == "" {
		t.Errorf("%d codes: %v", len(codes), codes)
	}
}

func TestQuality(t *testing.T) {
	common := stages.Common{Name: "quality", Column: "text", Score: "q", Seed: 3}
	f := DefaultQuality()
	f.Model = testModel("quality.bin")
	const spam = "buy cheap pills now click here free casino bonus"
	texts := []string{english, spam, strings.ReplaceAll(english, " ", "\n"), "", "日本語", "__label__hq" + spam, "__label__ " + spam, strings.Repeat(spam+" ", 1<<13)}
	list, err := NewQuality(common, f)
	b := classify(t, list, err, texts...)
	m, err := fasttext.Open(f.Model)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\n", " "), "__label__", " ")
		best := m.Predict(nil, []byte(text), 1)[0]
		want := float64(best.Probability)
		if m.Labels()[best.Label] != "__label__hq" {
			want = 1 - want
		}
		if got := b.Column("q").Values[i].Float; got != want {
			t.Errorf("%.20q has score %v, want %v", text, got, want)
		}
		// The rule as it is written, with numbers of half the precision to spare.
		u := float64(xxh3.HashSeed([]byte(texts[i]), 3)>>11) / (1 << 53)
		if x := math.Pow(1-u, -1.0/3) - 1; b.Keep[i] != (x > 1-want) && math.Abs(x-1+want) > 1e-9 {
			t.Errorf("%.20q stays: %v with %v and score %v", text, b.Keep[i], x, want)
		}
	}
	if b.Column("q").Values[0].Float != b.Column("q").Values[2].Float || b.Column("q").Values[0].Float < 0.6 || b.Column("q").Values[1].Float > 0.1 {
		t.Errorf("scores %v", b.Column("q").Values)
	}
	f.Rule, f.Min = "threshold", 0.6
	list, err = NewQuality(common, f)
	if b := classify(t, list, err, texts...); !b.Keep[0] || b.Keep[1] || b.Keep[7] {
		t.Errorf("by the threshold %v stay", b.Keep)
	}
	f.Label = "__label__lq"
	list, err = NewQuality(common, f)
	if b := classify(t, list, err, texts...); b.Keep[0] || !b.Keep[1] || !b.Keep[7] {
		t.Errorf("of the others %v stay", b.Keep)
	}
}

// Of many texts of score s the share (2 - s)^-alpha stays.
func TestLomax(t *testing.T) {
	const n = 50_000
	for _, alpha := range []float64{1, 3, 9} {
		for _, s := range []float64{0, 0.3, 0.9, 1} {
			stay := 0
			for i := range uint64(n) {
				text := binary.LittleEndian.AppendUint64(nil, i)
				if lomax(xxh3.HashSeed(text, 42), alpha) > 1-s {
					stay++
				}
			}
			want := math.Pow(2-s, -alpha)
			if got := float64(stay) / n; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/n)+1e-5 {
				t.Errorf("alpha %v, score %v: %v stay, want %v", alpha, s, got, want)
			}
		}
	}
	for _, hash := range []uint64{0, 1, math.MaxUint64} {
		if x := lomax(hash, 3); !(x >= 0) || math.IsInf(x, 0) {
			t.Errorf("%x makes %v", hash, x)
		}
	}
}

func TestClassifiersRefuse(t *testing.T) {
	list := map[string]error{}
	try := func(want string, _ []stages.Stage, err error) { list[want] = err }
	language := func(change func(*Language)) ([]stages.Stage, error) {
		f := DefaultLanguage()
		change(&f)
		return NewLanguage(stages.Common{}, f)
	}
	quality := func(change func(*Quality)) ([]stages.Stage, error) {
		f := DefaultQuality()
		f.Model = testModel("quality.bin")
		change(&f)
		return NewQuality(stages.Common{}, f)
	}
	made, err := language(func(f *Language) { f.Min = -1 })
	try("min_langid_score = -1 is not a share", made, err)
	made, err = language(func(f *Language) { f.Model = "nowhere" })
	try("model: stat nowhere: no such file or directory\nname a", made, err)
	made, err = language(func(f *Language) { f.Model = t.TempDir() })
	try("is a folder\nname a", made, err)
	made, err = language(func(f *Language) { f.Languages = []string{"xx"} })
	try(`languages has "xx", which the model does not know`, made, err)
	made, err = quality(func(f *Quality) { f.Model = "" })
	try("model is missing\n", made, err)
	made, err = quality(func(f *Quality) { f.Rule = "" })
	try(`rule = "" is no rule; have pareto, threshold`, made, err)
	made, err = quality(func(f *Quality) { f.Alpha = math.NaN() })
	try("alpha = NaN is not above 0", made, err)
	made, err = quality(func(f *Quality) { f.Min = 2 })
	try("min_score = 2 is not a share", made, err)
	made, err = quality(func(f *Quality) { f.Label = "hq" })
	try("label = \"hq\" is none of the model's\nit knows __label__lq", made, errOr(err, stages.Prepare(context.Background(), made)))
	made, err = quality(func(f *Quality) { f.Model = "classify_test.go" })
	try("model: classify_test.go: this is no fastText model", made, errOr(err, stages.Prepare(context.Background(), made)))
	for want, err := range list {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func errOr(a, b error) error {
	if a != nil {
		return fmt.Errorf("too early: %w", a)
	}
	return b
}

func BenchmarkClassify(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields(english + " " + german + " " + french)
	var text []byte
	for len(text) < 4500 {
		text = append(append(text, words[rng.IntN(len(words))]...), ' ')
	}
	language := DefaultLanguage()
	quality := DefaultQuality()
	quality.Model = testModel("quality.bin")
	for _, name := range []string{"language", "quality", "trigrams"} {
		b.Run(name, func(b *testing.B) {
			language.Model = testModel("language.bin")
			if name == "trigrams" {
				language.Model = ""
			}
			made, err := NewLanguage(stages.Common{Name: "l", Column: "text", Action: "mark"}, language)
			if name == "quality" {
				made, err = NewQuality(stages.Common{Name: "q", Column: "text", Action: "mark"}, quality)
			}
			if err == nil {
				err = stages.Prepare(context.Background(), made)
			}
			if err != nil {
				b.Fatal(err)
			}
			batch := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, 1)
			batch.Columns = append(batch.Columns, stages.Column{Name: "text", Text: [][]byte{text}})
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if err := made[0].(stages.Mapper).Map(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}
