package privacy

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/stages"
)

// rewrite runs the stage over one text.
func rewrite(t *testing.T, r Redact, text string) string {
	t.Helper()
	x, err := newRedactor(r)
	if err != nil {
		t.Fatal(err)
	}
	x.key = func(string) (string, bool) { return "Jefe", true }
	if err := x.Prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	return string(x.Rewrite(nil, []byte(text)))
}

func TestActions(t *testing.T) {
	const text = "Mail jürgen@example.com or call (202) 555-0143; card 4111 1111 1111 1111, DE89370400440532013000."
	with := func(change func(*Redact)) Redact {
		r := DefaultRedact()
		change(&r)
		return r
	}
	for _, c := range []struct {
		r    Redact
		want string
	}{
		{DefaultRedact(), "Mail <EMAIL> or call <PHONE>; card <CARD>, <IBAN>."},
		{with(func(r *Redact) { r.Entities = []string{"card"} }), "Mail jürgen@example.com or call (202) 555-0143; card <CARD>, DE89370400440532013000."},
		{with(func(r *Redact) { r.Action = "redact" }), "Mail  or call ; card , ."},
		{with(func(r *Redact) { r.Action = "mask" }), "Mail ****************** or call **************; card *******************, **********************."},
		{with(func(r *Redact) { r.Action, r.CharsToMask, r.MaskingChar = "mask", 6, "•" }), masked},
		{with(func(r *Redact) { r.Action, r.CharsToMask = "mask", 1<<40 }), "Mail ****************** or call **************; card *******************, **********************."},
	} {
		if got := rewrite(t, c.r, text); got != c.want {
			t.Errorf("%+v:\nhave %s\nwant %s", c.r, got, c.want)
		}
	}
}

const masked = "Mail ••••••@example.com or call ••••••555-0143; card ••••••111 1111 1111, ••••••0400440532013000."

// The vector of RFC 4231, section 4.3, has key "Jefe" and is no address; ours were made with
// printf %s TEXT | openssl dgst -sha256 -hmac Jefe.
func TestHash(t *testing.T) {
	r := Redact{Action: "hash", KeyEnv: "K", MaskingChar: "*"}
	const jane, other = "846d4b4c29c3fd40679bd30c4a308cdefd887d9a956fc2e1e955ccde1068fa94", "0e9127ef4a495cd87ac1268236409abfe2d57a8150b6539731fbcda498739d67"
	if got := rewrite(t, r, "<jane@example.com> +1-202-555-0143, jane@example.com"); got != "<"+jane+"> "+other+", "+jane {
		t.Error(got)
	}
}

func TestScore(t *testing.T) {
	made, err := NewRedact(stages.Common{Name: "r", Column: "text", Score: "found"}, DefaultRedact())
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"", "a@b.com", "one\n", "a@b.com, http://e.com/a@b.com 4111111111111111", "日本語 😀", " \t\n"}
	b := stages.NewBatch(&stages.Shard{}, &stages.Block{}, 0, len(texts))
	column := stages.Column{Name: "text"}
	for _, s := range texts {
		column.Text = append(column.Text, []byte(s))
	}
	b.Columns = append(b.Columns, column)
	if err := made[0].(stages.Mapper).Map(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 1, 0, 3, 0, 0} {
		if v := b.Column("found").Values[i]; v.Kind != stages.Float || v.Float != want {
			t.Errorf("%q has the score %+v, want %v", texts[i], v, want)
		}
		if changed := b.Column("text").Changed[i]; changed != (want > 0) {
			t.Errorf("%q changed: %v", texts[i], changed)
		}
	}
	if got := string(b.Column("text").Text[3]); got != "<EMAIL>, <URL> <CARD>" {
		t.Error(got)
	}
	want := map[string]stages.Trimmed{
		"email": {Texts: 2, Parts: 2, Bytes: 14}, "url": {Texts: 1, Parts: 1, Bytes: 20}, "card": {Texts: 1, Parts: 1, Bytes: 16},
	}
	if len(b.Trimmed) != len(listed) {
		t.Fatalf("counts %v", b.Trimmed)
	}
	for i, got := range b.Trimmed {
		if w := want[listed[i]]; got != (stages.Trimmed{Stage: "r", Kind: listed[i], Texts: w.Texts, Parts: w.Parts, Bytes: w.Bytes}) {
			t.Errorf("counts %+v, want %+v", got, w)
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		change func(*Redact)
		want   string
	}{
		{func(r *Redact) { r.Entities = []string{"emial"} }, "entities: no entity \"emial\"; have email, phone, ip, card, iban, ssn, url, mac, wallet, secret\ndid you mean \"email\"?"},
		{func(r *Redact) { r.Entities = []string{"EMAIL_ADDRESS"} }, "\ndid you mean \"email\"?"},
		{func(r *Redact) { r.Entities = []string{"PERSON"} }, "need a model, which is not in this version"},
		{func(r *Redact) { r.Action = "hash" }, "action = \"hash\" needs a key\n"},
		{func(r *Redact) { r.KeyEnv = "K" }, "key_env = \"K\" has a meaning with action = \"hash\" only"},
		{func(r *Redact) { r.Action = "drop" }, "action = \"drop\" is for filters; have replace, redact, hash, mask"},
		{func(r *Redact) { r.Action = "delete" }, "action = \"delete\" is unknown; have replace, redact, hash, mask"},
		{func(r *Redact) { r.MaskingChar = "" }, "masking_char = \"\" is not one character"},
		{func(r *Redact) { r.MaskingChar = "**" }, "masking_char = \"**\" is not one character"},
		{func(r *Redact) { r.MaskingChar = "\xff" }, "is not one character"},
		{func(r *Redact) { r.CharsToMask = -1 }, "chars_to_mask = -1 is negative"},
	} {
		r := DefaultRedact()
		c.change(&r)
		if _, err := NewRedact(stages.Common{}, r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: have %v, want %s", r, err, c.want)
		}
	}
	for _, value := range []string{"", "x"} {
		x, _ := newRedactor(Redact{Action: "hash", KeyEnv: "PII_KEY", MaskingChar: "*"})
		x.key = func(name string) (string, bool) { return value, name == "PII_KEY" && value != "" }
		err := x.Prepare(context.Background())
		if (err == nil) != (value != "") || err != nil && !strings.HasPrefix(err.Error(), "key_env: the environment variable PII_KEY is not set, or empty\n") {
			t.Errorf("with %q: %v", value, err)
		}
	}
}

const marks = "@.:-_/ 0189aAfF=x\xff\xc3\xa9\n(+"

// What is found does not depend on the texts before, and bytes that are no UTF-8 pass.
func TestBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	x, _ := newRedactor(DefaultRedact())
	for range 2000 {
		text := make([]byte, r.IntN(60))
		for i := range text {
			text[i] = marks[r.IntN(len(marks))]
		}
		fresh, _ := newRedactor(DefaultRedact())
		if got, want := x.Rewrite(nil, text), fresh.Rewrite(nil, text); !bytes.Equal(got, want) {
			t.Fatalf("%q: %q after others, %q alone", text, got, want)
		}
	}
}

// No text takes longer than its length explains: 256 KiB of what a recogniser begins with, and 10 MiB of addresses.
func TestLongLines(t *testing.T) {
	x, _ := newRedactor(DefaultRedact())
	var out []byte
	for _, unit := range []string{"a", "1", "@", "a@", "a.", "http://", "www.", "1.", "aa:", "1-", "sk-", "eyJaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "key=a", "+1 ", "4111 ", "(", "a@b.com ", "password=a1", "\xff", "DE89 ", "secret: "} {
		size := 1 << 18
		if unit == "a@b.com " {
			size = 10 << 20
		}
		text := bytes.Repeat([]byte(unit), size/len(unit))
		out = x.Rewrite(out[:0], text)
		if len(out) == 0 {
			t.Errorf("nothing is left of %q", unit)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	if underRace {
		t.Skip("under the race detector a sync.Pool forgets on purpose")
	}
	for _, action := range []string{"replace", "hash", "mask"} {
		r := DefaultRedact()
		if r.Action = action; action == "hash" {
			r.KeyEnv = "K"
		}
		x, _ := newRedactor(r)
		x.key = func(string) (string, bool) { return "k", true }
		if err := x.Prepare(context.Background()); err != nil {
			t.Fatal(err)
		}
		var texts [][]byte
		for e := range entityCount {
			for _, text := range tables[e] {
				texts = append(texts, []byte(strings.NewReplacer("‹", "", "›", "").Replace(text)))
			}
		}
		var out []byte
		found := make([]stages.Trimmed, len(x.Finds()))
		all := func() {
			for _, text := range texts {
				out, _ = x.RewriteFound(out[:0], text, found)
			}
		}
		all()
		if n := testing.AllocsPerRun(5, all); n > 8 { // Keccak's, of the addresses of Ethereum in both cases
			t.Errorf("%s: %v allocations for %d texts", action, n, len(texts))
		}
	}
}
