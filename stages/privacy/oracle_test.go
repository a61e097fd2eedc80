package privacy

import (
	"math/big"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The oracles below read the rules literally: regular expressions give candidates at every byte, the standard library and
// big numbers judge them. They return all spans, which settle cuts down.

var compiled = map[string]*regexp.Regexp{}

// expression compiles an expression once.
func expression(text string) *regexp.Regexp {
	if compiled[text] == nil {
		compiled[text] = regexp.MustCompile(text)
	}
	return compiled[text]
}

// every calls f with the longest match of the expression at each byte of the text.
func every(form, text string, f func(start, end int)) {
	re := expression(`\A(?:` + form + `)`)
	re.Longest()
	for i := range len(text) {
		if m := re.FindStringIndex(text[i:]); m != nil {
			f(i, i+m[1])
		}
	}
}

// endsWith and beginsWith say whether the expression matches there.
func endsWith(text, form string) bool   { return expression(`(?:` + form + `)\z`).MatchString(text) }
func beginsWith(text, form string) bool { return expression(`\A(?:` + form + `)`).MatchString(text) }

// free is the rule of alone, as expressions.
func free(text string, start, end int) bool {
	return !endsWith(text[:start], `[A-Za-z0-9_]|[0-9][./]|[A-Za-z0-9]-`) && !beginsWith(text[end:], `[A-Za-z0-9_]|[./][0-9]|-[A-Za-z0-9]`)
}

func digitsOf(s string) string { return expression(`[^0-9]`).ReplaceAllString(s, "") }

type span2 struct{ start, end int }

var oracles = map[entity]func(text string) []span2{
	mac: func(text string) (all []span2) {
		every(`[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){7}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}`, text, func(s, e int) {
			if free(text, s, e) && !endsWith(text[:s], `(^|[^A-Za-z0-9])[0-9A-Fa-f]{1,4}:`) && !beginsWith(text[e:], ":[0-9A-Fa-f]") && !expression(`(?i)\Aff([:-]ff)*\z`).MatchString(text[s:e]) {
				all = append(all, span2{s, e})
			}
		})
		every(`[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}`, text, func(s, e int) {
			if free(text, s, e) && !beginsWith(text[e:], `\.`) && strings.ContainsAny(text[s:e], "abcdefABCDEF") && strings.Trim(text[s:e], "fF.") != "" {
				all = append(all, span2{s, e})
			}
		})
		return all
	},
	card: func(text string) (all []span2) {
		const sep = `( |-|\x{a0}|[\x{2010}-\x{2013}])`
		for _, form := range []string{`[0-9]{13,19}`, `[0-9]{4}S[0-9]{6}S[0-9]{4,5}`, `[0-9]{4}S[0-9]{4}S[0-9]{4}S([0-9]{4}|[0-9])`, `[0-9]{4}S[0-9]{4}S[0-9]{4}S[0-9]{4}S[0-9]{1,3}`} {
			every(strings.ReplaceAll(form, "S", sep), text, func(s, e int) {
				d := digitsOf(text[s:e])
				seps := expression(`[^0-9]+`).FindAllString(text[s:e], -1)
				for _, x := range seps {
					if (x == " " || x == "\u00a0") != (seps[0] == " " || seps[0] == "\u00a0") {
						return
					}
				}
				sum := 0
				for i := range d {
					v, _ := strconv.Atoi(d[len(d)-1-i : len(d)-i])
					if i%2 == 1 {
						v = v/5 + v*2%10 // 2v less 9 where it has two digits
					}
					sum += v
				}
				if sum%10 == 0 && cardLength([]byte(d)) && free(text, s, e) {
					all = append(all, span2{s, e})
				}
			})
		}
		return all
	},
	iban: func(text string) (all []span2) {
		every(`[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}|[A-Z]{2}[0-9]{2}([ \x{a0}][A-Z0-9]{4})+([ \x{a0}][A-Z0-9]{1,3})?`, text, func(s, e int) {
			for ; e > s; e-- { // a longer run may end in words
				compact := strings.NewReplacer(" ", "", "\u00a0", "").Replace(text[s:e])
				if len(compact) < 4 || ibanLengths[compact[:2]] != len(compact) || strings.HasSuffix(text[s:e], " ") || strings.HasSuffix(text[s:e], "\u00a0") {
					continue
				}
				var n strings.Builder
				for _, c := range compact[4:] + compact[:4] {
					if c >= 'A' {
						n.WriteString(strconv.Itoa(int(c-'A') + 10))
					} else {
						n.WriteRune(c)
					}
				}
				v, ok := new(big.Int).SetString(n.String(), 10)
				if ok && new(big.Int).Mod(v, big.NewInt(97)).Int64() == 1 && free(text, s, e) {
					all = append(all, span2{s, e})
				}
				return
			}
		})
		return all
	},
	ip: func(text string) (all []span2) {
		every(`[0-9]{1,3}(\.[0-9]{1,3}){3}`, text, func(s, e int) {
			a, err := netip.ParseAddr(text[s:e])
			if err != nil || endsWith(text[:s], `[A-Za-z0-9_]|[A-Za-z0-9]\.|[A-Za-z]-`) || beginsWith(text[e:], `[A-Za-z0-9_]|\.[A-Za-z0-9]|-[A-Za-z]`) {
				return
			}
			q := a.As4()
			prefix := beginsWith(text[e:], `/[0-9]`)
			small := slices.Max(q[:]) < 20 && q[0] != 10
			if q[0] == 0 || a.IsLoopback() || q[0] >= 224 || q[2] == 0 && q[3] == 0 && !prefix || small && !prefix && !labelled([]byte(text), s, hosts) || labelled([]byte(text), s, versions) {
				return
			}
			all = append(all, span2{s, e})
		})
		every(`[0-9A-Fa-f]{4}[0-9A-Fa-f:]*`, text, func(s, e int) {
			if endsWith(text[:s], `[A-Za-z0-9_:.]`) {
				return
			}
			if !strings.HasSuffix(text[s:e], "::") {
				for strings.HasSuffix(text[s:e], ":") {
					e--
				}
			}
			a, err := netip.ParseAddr(text[s:e])
			if err != nil || beginsWith(text[e:], `[A-Za-z0-9_]|:[A-Za-z0-9:]|\.[0-9]`) || !strings.ContainsAny(text[s:e], "0123456789") {
				return
			}
			if strings.Trim(text[s:e], ":") == text[s:s+4] && !beginsWith(text[e:], `/[0-9]`) {
				return
			}
			scopes := []string{"2000::/3", "fc00::/7", "fe80::/10"}
			if slices.ContainsFunc(scopes, func(p string) bool { return netip.MustParsePrefix(p).Contains(a) }) {
				all = append(all, span2{s, e})
			}
		})
		return all
	},
	ssn: func(text string) (all []span2) {
		every(`[0-9]{3}(-[0-9]{2}-|[\x{2010}-\x{2013}-][0-9]{2}[\x{2010}-\x{2013}-]|[ \x{a0}][0-9]{2}[ \x{a0}]|[0-9]{2})[0-9]{4}`, text, func(s, e int) {
			d := digitsOf(text[s:e])
			if d[:3] == "000" || d[:3] == "666" || d[0] == '9' || d[3:5] == "00" || d[5:] == "0000" || !free(text, s, e) {
				return
			}
			if strings.ContainsAny(text[s:e], "-\u2010\u2011\u2012\u2013") || labelled([]byte(text), s, socials) {
				all = append(all, span2{s, e})
			}
		})
		return all
	},
}

// pieces are what the random texts are made of: parts of entities, and what may touch them.
var pieces = map[entity][]string{
	mac:  {"00", "ff", "1a", "2B", ":", ":", ":", "-", "-", ".", "001a", "2b3c", "1234", "ffff", "g", " ", "_", "00:1a:2b:3c:4d:5e", "aa-bb-cc-dd-ee-ff", "/", "é"},
	card: {"4111", "1111", "1111", "4111111111111111", "378282246310005", "3782 822463 10005", "6011-0009-9013-9424", "5", "0", " ", "-", "\u00a0", "\u2011", ".", "x", "/", "é", "4222222222222"},
	iban: {"DE89", "3704", "0044", "0532", "0130", "00", "DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "NO93 8601 1117 947", " ", "-", "\u00a0", "A", "x", ".", "BE68539007547034"},
	ip: {"10", "1", "192.168", "255", "0", "7", "01", ".", ".", ".", ":", "::", "2001:db8", "fe80", "fd00:1", "a", "g", "/8", "-", " ", "version ", "ip ", "_", "127.0.0.1", "10.1.2.3", "2001:db8::1",
		"1:2:3:4:5:6:7:8", "é", "%eth0"},
	ssn: {"123", "45", "6789", "-", "-", "-", " ", "\u2011", "\u00a0", "000", "666", "900", "00", "0000", "SSN ", "social security number: ", "123-45-6789", "078051120", ".", "x", "/"},
}

func TestAgainstOracles(t *testing.T) {
	moreOracles()
	rounds := 1000
	if underRace {
		rounds = 200
	}
	if os.Getenv("SLUICE_SWEEP") != "" {
		rounds = 50_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	for e := range entityCount {
		list := pieces[e]
		if list == nil {
			continue
		}
		found := 0
		for range rounds {
			var b strings.Builder
			for range 1 + r.IntN(14) {
				b.WriteString(list[r.IntN(len(list))])
			}
			found += compare(t, e, b.String())
		}
		if found < rounds/20 {
			t.Errorf("only %d findings of %s in the random texts", found, entityNames[e])
		}
		for _, marked := range tables[e] {
			if e == secret || e == phone {
				break // their oracles know only the forms that pieces make
			}
			compare(t, e, strings.NewReplacer("‹", "", "›", "").Replace(marked))
		}
		if t.Failed() {
			return
		}
	}
}

// compare holds the scanner to the oracle and returns how much there is.
func compare(t *testing.T, e entity, text string) int {
	t.Helper()
	slow := finder{}
	for _, s := range oracles[e](text) {
		slow.add(e, s.start, s.end)
	}
	var want []string
	for _, x := range slow.settle() {
		want = append(want, entityNames[e]+":"+text[x.start:x.end])
	}
	if got := findings(text, e); !slices.Equal(got, want) {
		t.Errorf("%q: have %q, want %q", text, got, want)
	}
	return len(want)
}

func FuzzFind(f *testing.F) {
	moreOracles()
	for e, list := range tables {
		for _, text := range list {
			f.Add(uint8(e), strings.NewReplacer("‹", "", "›", "").Replace(text))
		}
	}
	f.Fuzz(func(t *testing.T, e uint8, text string) {
		if e := entity(e); oracles[e] != nil && e != secret && e != phone {
			compare(t, entity(e), text)
		}
		var all finder
		for i := range all.want {
			all.want[i] = true
		}
		end := 0
		for _, x := range all.find([]byte(text)) {
			if x.start < end || x.end <= x.start || x.end > len(text) {
				t.Fatalf("%q: findings %+v", text, all.found)
			}
			end = x.end
		}
	})
}
