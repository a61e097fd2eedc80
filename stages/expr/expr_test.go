package expr

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	library "github.com/expr-lang/expr"
)

// valueOf makes a value of a Go value.
func valueOf(v any) Value {
	switch v := v.(type) {
	case bool:
		return boolean(v)
	case int:
		return integer(int64(v))
	case float64:
		return fraction(v)
	case string:
		return text([]byte(v))
	}
	return Value{}
}

func (v Value) golang() any {
	switch v.Kind {
	case Bool:
		return v.Int != 0
	case Int:
		return int(v.Int)
	case Float:
		return v.Float
	case String:
		return string(v.Str)
	}
	return nil
}

// sample is the row that tests look at.
var sample = map[string]any{
	"lang": "en", "text": "A naïve 文 text", "n": 3, "x": 2.5, "big": math.MaxInt64, "yes": true, "no": false, "url": "https://a.example/b/c",
	"meta.lang": "de", "my-column": 7, "empty": "", "year": "1999", "words": "one two three",
}

// run evaluates an expression for the sample.
func run(source string) (any, error) {
	p, err := Compile(source)
	if err != nil {
		return nil, err
	}
	r := p.NewRow()
	for i, name := range p.Columns() {
		r.Columns[i] = valueOf(sample[name])
	}
	v, err := r.Eval()
	return v.golang(), err
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		source string
		want   any
	}{
		{"lang == 'en' and len(text) > 10", true},
		{"len(text)", 14},
		{"meta.lang", "de"},
		{`meta["lang"]`, "de"},
		{"meta?.lang", "de"},
		{`$env["my-column"] + 1`, 8},
		{"lang in ['de', 'en']", true},
		{"lang not in ['de', 'en']", false},
		{"n in [1, 2, 3.0]", true},
		{"n in ['3']", false},
		{"nil in ['a', nil]", true},
		{"n in 1..5", true},
		{"x in 1..5", false},
		{"missing in 1..5", false},
		{"text contains '文' && text startsWith 'A' && text endsWith 'xt'", true},
		{"url matches '^https?://[^/]+/b'", true},
		{"url not matches 'c$'", false},
		{"lang == 'en' ? 1 : 'two'", 1},
		{"if n > 3 { 'more' } else { 'less' }", "less"},

		// Null.
		{"missing", nil},
		{"missing == nil", true},
		{"nil == missing", true},
		{"missing != nil", false},
		{"missing == 'en'", false},
		{"missing != 'en'", true},
		{"missing < 3 or missing >= 3 or missing < 'a'", false},
		{"missing + 1", nil},
		{"-missing", nil},
		{"len(missing)", nil},
		{"len(missing) > 3", false},
		{"not (len(missing) > 3)", true},
		{"missing and true", false},
		{"not missing", true},
		{"missing ? 1 : 2", 2},
		{"missing ?? 0", 0},
		{"(missing ?? n) + 1", 4},
		{"missing contains 'a' or missing matches 'a' or missing in ['a']", false},
		{"any(split(missing, ' '), # == 'a')", false},
		{"lower(missing) ?? 'none'", "none"},
		{"type(missing)", "nil"},
		{"missing[1:2]", nil},

		// Numbers.
		{"1 + 2 * 3 - 4", 3},
		{"7 / 2", 3.5},
		{"6 / 2 == 3", true},
		{"7 % 4", 3},
		{"-7 % 4", -3},
		{"n / 0", nil},
		{"n % 0", nil},
		{"2 ** 10", 1024.0},
		{"big + 1", 9.223372036854775807e18},
		{"-big - 2", -9.223372036854775809e18},
		{"big * 2", 1.8446744073709551614e19},
		{"abs(-n) + abs(-x)", 5.5},
		{"ceil(x) + floor(x) + round(x)", 8.0},
		{"min(n, x, 9)", 2.5},
		{"max(n, x)", 3},
		{"min(n, missing)", nil},
		{"int(year) + 1", 2000},
		{"int('1e3')", 1000},
		{"int('abc')", nil},
		{"int(x)", 2},
		{"int(yes)", 1},
		{"int(1e300)", nil},
		{"float('NaN')", nil},
		{"float(year)", 1999.0},
		{"string(x) + string(n) + string(yes)", "2.53true"},

		// Strings.
		{"upper(lang) + lower('ÄB')", "ENäb"},
		{"trim('  a ') + trimPrefix('ab', 'a') + trimSuffix('ab', 'b')", "aba"},
		{"replace(url, '/', '')", "https:a.examplebc"},
		{"replace(lang, '', 'x')", "en"},
		{"text[2:7]", "naïve"},
		{"text[-6:-4]", "文 "},
		{"text[:1] + text[13:]", "At"},
		{"text[5:2]", ""},
		{"text[100:]", ""},
		{"indexOf(text, '文')", 8},
		{"lastIndexOf(text, 't')", 13},
		{"indexOf(text, 'q')", -1},
		{"split(url, '/')[2]", "a.example"},
		{"split(url, '/')[-1]", "c"},
		{"split(url, '/')[9]", nil},
		{"split(words, ' ') == ['one', 'two', 'three']", true},
		{"split(words, ' ') == ['one', 'two']", false},
		{"len(split(empty, ' '))", 1},
		{"len(split(empty, ''))", 0},
		{"len(split(text, ''))", 14},
		{"join(split(words, ' '), '-')", "one-two-three"},
		{"join([n, x, yes, missing, lang], ',')", "3,2.5,true,en"},
		{"words | split(' ') | join('')", "onetwothree"},
		{"any(['casino', 'two'], {words contains #})", true},
		{"all(split(words, ' '), len(#) > 2)", true},
		{"none(split(words, ' '), # == 'four')", true},
		{"one(split(words, ' '), len(#) > 3)", true},
		{"count(split(words, ' '), upper(#) != 'ONE')", 2},
	} {
		if got, err := run(c.source); err != nil || got != c.want {
			t.Errorf("%s: got %v (%T), %v; want %v", c.source, got, got, err, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"", "an empty expression"},
		{"lang ==", "at character"},
		{"lang = 'en'", "at character 6"},
		{"lang == 'en", "literal not terminated"},
		{"lang == null", "written nil, not null"},
		{"len(text, 3)", "len has 2 arguments"},
		{"length(text)", `no function "length"`},
		{"length(text)", "have abs, all, any, ceil"},
		{"now()", `no function "now"`},
		{"map(words, #)", `no function "map"`},
		{"text.lower()", "write lower(text), not text.lower()"},
		{"'a' < 3", "< has no order between a string and a number"},
		{"len(text) + 'a'", "+ has no meaning between"},
		{"lower(len(text) ?? 0)", "lower(string) is given a number"},
		{"not 'a'", "true or false is wanted, and this is a string"},
		{"len(text) ?? 1 and true", "cannot be mixed"},
		{"(len(text) ?? 1) and true", "true or false is wanted, and this is a number"},
		{"text matches lang", "to be written out"},
		{"text matches '('", "missing closing )"},
		{"'a' in 'abc'", "write contains"},
		{"1..3", "a range stands after in alone"},
		{"let y = 1; y", "let, maps and several"},
		{"{a: 1}", "let, maps and several"},
		{"1; 2", "let, maps and several"},
		{";", "unexpected"},
		{"#", "unexpected"},
		{"any(split(text, ''), any(split(text, ''), # == 'a'))", "within the predicate"},
		{"'a' in lang", "for a part of a string write contains"},
		{"any(lang, # == 'a')", "any wants a list"},
		{"lang[0]", "columns that are arrays are null"},
		{"[[1]]", "a list in a list"},
		{"split(text, 'a')['b']", "values have no fields"},
		{`$env`, "$env is no value"},
		{`$env[""]`, "empty"},
		{"lang == 'en\xff'", "not UTF-8"},
		{strings.Repeat("(", MaxLength), "cannot be read|at character"},
		{strings.Repeat("!", MaxLength), "cannot be read|at character"},
		{strings.Repeat("a", MaxLength+1), "more than 10000"},
		{"replace(replace(replace('aaaaaaaaaaaaaaaa', 'a', 'aaaaaaaaaaaaaaaa'), 'a', 'aaaaaaaaaaaaaaaa'), 'a', 'aaaaaaaaaaaaaaaaaa')", "more than 65536 bytes"},
	} {
		_, err := Compile(c.source)
		if err == nil || !slices.ContainsFunc(strings.Split(c.want, "|"), func(w string) bool { return strings.Contains(err.Error(), w) }) {
			t.Errorf("%.60q: got %v, want %q", c.source, err, c.want)
		}
	}
	for _, source := range []string{"len(text)", "'en'", "1 + n", "[true]", "yes ? 1 : 'a'"} {
		if _, err := Condition(source); err == nil || !strings.Contains(err.Error(), "not true or false") {
			t.Errorf("%s as a condition: %v", source, err)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"lang < 3", `< has no order between the string "en" and the number 3`},
		{"lang + 1", `+ has no meaning between the string "en" and the number 1`},
		{"x % 2", "% wants whole numbers"},
		{"-lang", `a number is wanted after -, and there is the string "en"`},
		{"lang and yes", `it wants true or false and has the string "en"`},
		{"n contains 'a'", "contains wants strings"},
		{"n matches 'a'", "matches wants a string, and there is the number 3"},
		{"len(n)", "len(string or list) is given the number 3"},
		{"split(words, ' ')[lang]", "a list and a whole number are wanted"},
		{"split(lang, '')", "it gives a list"},
		{"any(split(words, ' '), # < 3)", "< has no order"},
	} {
		v, err := run(c.source)
		if _, ok := err.(*Fault); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, %v; want %q", c.source, v, err, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	p, err := Compile("a.b == 'x' and len(c) > (d ?? 0) and e == nil and d < 3 and f?.g != nil")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, name := range p.Columns() {
		got = append(got, fmt.Sprint(name, p.Required(i)))
	}
	if want := "a.btrue ctrue dtrue efalse f.gfalse"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}

// What expressions make, and what they cost, is bounded by their columns.
func TestBounds(t *testing.T) {
	long := strings.Repeat("a", 5<<20)
	for _, c := range []struct{ source, want string }{
		{"len(replace(text, 'a', text))", "more than 16777216 bytes"},
		{"len(join(split(text, ''), text))", "more than 16777216 bytes"},
		{"len(split(text, ''))", "5242880"},
		{"split(text, '')[-1]", "a"},
		{"any(split(text, 'a'), # + text == 'b')", "false"},
		{"len(text + text)", "10485760"},
	} {
		p, err := Compile(c.source)
		if err != nil {
			t.Fatal(err)
		}
		r := p.NewRow()
		r.most = 1 << 24
		r.Columns[0] = text([]byte(long))
		if c.source[:3] == "any" {
			r.Columns[0].Str = r.Columns[0].Str[:1<<12]
		}
		v, err := r.Eval()
		if got := fmt.Sprint(v.golang(), err); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.source, got, c.want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	p, err := Condition("lang in ['de', 'en'] and len(text) > 10 and lower(text) + lang contains 'text' and any(['q', 't'], text contains #) and url matches '/b/'")
	if err != nil {
		t.Fatal(err)
	}
	r := p.NewRow()
	for i, name := range p.Columns() {
		r.Columns[i] = valueOf(sample[name])
	}
	if holds, err := r.Holds(); !holds || err != nil {
		t.Fatal(holds, err)
	}
	if n := testing.AllocsPerRun(100, func() { r.Holds() }); n > 0 {
		t.Errorf("%v allocations a row", n)
	}
}

// FuzzCompile: any string is compiled or refused, in bounded time and memory.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"lang == 'en'", "a.b?.c ?? len(text) > 3", "any(split(text, ' '), {# in ['a', nil]})", "1..3", "a;", "{", "x[1:][0]", "if a {b} else {c}", "let a = 1; a", `"\u{10FFFF}"`} {
		f.Add(s, "a b", int64(3))
	}
	f.Fuzz(func(t *testing.T, source, s string, n int64) {
		p, err := Compile(source)
		if err != nil {
			return
		}
		r := p.NewRow()
		for i := range r.Columns {
			r.Columns[i] = []Value{{}, text([]byte(s)), integer(n), fraction(float64(n) / 3), boolean(n > 0)}[i%5]
		}
		v, err := r.Eval()
		again, err2 := r.Eval()
		if fmt.Sprint(v.golang(), err) != fmt.Sprint(again.golang(), err2) {
			t.Errorf("%q gives %v, then %v", source, v, again)
		}
	})
}

// FuzzAgainstLibrary holds the meaning of operators and functions to the virtual machine
// of the library, where that has a result and no null is about.
func FuzzAgainstLibrary(f *testing.F) {
	for _, s := range []string{
		"lang == 'en' and len(text) > 10", "n + x * 2 - 1", "n < x or not yes", "text contains lang", "lang in ['en', 'de']", "n in 1..3", "upper(lang)",
		"split(text, ' ')[0]", "n ** 2 / x", "yes ? n : x", "any(split(text, ' '), {# startsWith 'a'})", "min(n, x)", "replace(text, 'a', lang)", "url matches '^h'",
		"n % 7", "-n", "abs(n)", "ceil(x)", "join(split(text, ' '), '-')", "trim(text)", "n == 3.0", "lang < text", "count(split(text, 'a'), # != '')", "lang ?? 'x'",
	} {
		f.Add(s, "a b", int16(3), 2.5)
	}
	f.Fuzz(func(t *testing.T, source, s string, n int16, x float64) {
		env := map[string]any{"lang": "en", "text": strings.ToValidUTF8(s, ""), "n": int(n), "x": x, "yes": n > 0, "url": "https://a/b"}
		for _, known := range []string{"trim(", "[", "type", "string(", "int(", "float(", "min", "max", "nil", "??", "indexOf", "lastIndexOf", "round", "''", `""`, "replace"} {
			if strings.Contains(source, known) {
				return // where we differ on purpose, or the library has more
			}
		}
		p, err := Compile(source)
		if err != nil {
			return
		}
		r := p.NewRow()
		for i, name := range p.Columns() {
			if env[name] == nil {
				return
			}
			r.Columns[i] = valueOf(env[name])
		}
		want, err := library.Eval(source, env)
		if err != nil {
			return
		}
		v, err := r.Eval()
		got := v.golang()
		if err != nil || got == nil {
			return // an order or sum that we refuse, a list, a division by zero
		}
		if a, ok := got.(float64); ok {
			if b, ok := want.(int); ok { // beyond 64 bits
				want = float64(b)
				if math.Abs(a) >= 1<<53 {
					return
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s with %v: got %v, the library gives %v", source, env, got, want)
		}
	})
}

func BenchmarkHolds(b *testing.B) {
	for _, source := range []string{"lang == 'en'", "lang == 'en' and len(text) > 10 and n < 5", "lang in ['de', 'fr', 'en']"} {
		b.Run(source, func(b *testing.B) {
			p, err := Condition(source)
			if err != nil {
				b.Fatal(err)
			}
			r := p.NewRow()
			for i, name := range p.Columns() {
				r.Columns[i] = valueOf(sample[name])
			}
			for b.Loop() {
				if holds, err := r.Holds(); !holds || err != nil {
					b.Fatal(holds, err)
				}
			}
		})
	}
}
