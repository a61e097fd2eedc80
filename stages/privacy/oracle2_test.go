package privacy

import (
	"crypto/sha256"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// nameOracle returns the longest domain that the text begins with, by trying all ends.
func nameOracle(text string) string {
	for end := min(len(text), 260); end > 0; end-- {
		name := text[:end]
		if !expression(`\A[A-Za-z0-9\x{c0}-\x{4ff}-]+(\.[A-Za-z0-9\x{c0}-\x{4ff}-]+)+\z`).MatchString(name) || beginsWith(text[end:], `[A-Za-z0-9_\x{c0}-\x{4ff}]`) || len(name) > 253 {
			continue
		}
		if beginsWith(text[end:], `-+[A-Za-z0-9\x{c0}-\x{4ff}]`) {
			continue // inside a label
		}
		labels := strings.Split(name, ".")
		good, named := true, false
		for i, l := range labels {
			good = good && len(l) <= 63 && !strings.HasPrefix(l, "-") && !strings.HasSuffix(l, "-")
			named = named || i < len(labels)-1 && !expression(`\A[0-9-]+\z`).MatchString(l)
		}
		if good && (named || len(labels) == 2) && topLevel[strings.ToLower(labels[len(labels)-1])] {
			return name
		}
	}
	return ""
}

// decode58 decodes Base58 with big numbers.
func decode58(word string) []byte {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	v := new(big.Int)
	for _, c := range word {
		d := strings.IndexRune(digits, c)
		if d < 0 {
			return nil
		}
		v.Add(v.Mul(v, big.NewInt(58)), big.NewInt(int64(d)))
	}
	zeros := len(word) - len(strings.TrimLeft(word, "1"))
	return append(make([]byte, zeros), v.Bytes()...)
}

// moreOracles adds to the oracles and their pieces.
func moreOracles() {
	oracles[email] = func(text string) (all []span2) {
		local := expression(`\A[A-Za-z0-9_\x{c0}-\x{4ff}][A-Za-z0-9_\x{c0}-\x{4ff}.%+&'-]*\z`)
		inner := expression(`[A-Za-z0-9]'[A-Za-z0-9]`)
		for i := range len(text) {
			if text[i] != '@' {
				continue
			}
			first := -1
			for s := i - 1; s >= max(0, i-128); s-- {
				l := text[s:i]
				for inner.MatchString(l) {
					l = inner.ReplaceAllStringFunc(l, func(m string) string { return m[:1] + "x" + m[2:] })
				}
				if local.MatchString(l) && !strings.Contains(l, "'") && !strings.Contains(l, "..") && !strings.HasSuffix(l, ".") {
					first = s
				}
			}
			if first < 0 || i-first > 64 || text[first:i] == "git" {
				continue
			}
			if name := nameOracle(text[i+1:]); name != "" {
				all = append(all, span2{first, i + 1 + len(name)})
			}
		}
		return all
	}
	rest := func(text string, from int) int {
		end := from + len(expression(`\A[A-Za-z0-9\x{c0}-\x{4ff}_.~%:/?#@!$&*+,;=()\[\]-]*`).FindString(text[from:]))
		for round, square, k := 0, 0, from; k < end; k++ {
			switch text[k] {
			case '(':
				round++
			case ')':
				round--
			case '[':
				square++
			case ']':
				square--
			}
			if round < 0 || square < 0 {
				end = k
			}
		}
		return from + len(strings.TrimRight(text[from:end], ".,:;!?*_~([&"))
	}
	oracles[url] = func(text string) (all []span2) {
		every(`(?i:https?|ftps?|sftp|ssh|wss?|git|rtsp|ldap|smb)://`, text, func(s, e int) {
			if !endsWith(text[:s], `[A-Za-z0-9]`) && beginsWith(text[e:], `[A-Za-z0-9\x{c0}-\x{4ff}\[]`) {
				if end := rest(text, e); end > e {
					all = append(all, span2{s, end})
				}
			}
		})
		every(`(?i:www)\.`, text, func(s, e int) {
			if endsWith(text[:s], `[A-Za-z0-9_./@-]`) {
				return
			}
			name := nameOracle(text[e:])
			if name == "" {
				return
			}
			end := e + len(name)
			if beginsWith(text[end:], `[/?#]|:[0-9]`) {
				end = max(end, rest(text, end))
			}
			all = append(all, span2{s, end})
		})
		return all
	}
	oracles[wallet] = func(text string) (all []span2) {
		every(`[A-Za-z0-9]+`, text, func(s, e int) {
			word := text[s:e]
			if endsWith(text[:s], `[A-Za-z0-9_]`) || len(word) < 25 {
				return
			}
			switch p := decode58(word); {
			case expression(`\A0[xX][0-9A-Fa-f]{40}\z`).MatchString(word):
				if h := word[2:]; h == strings.ToLower(h) || h == strings.ToUpper(h) || isEthereum([]byte(h)) {
					all = append(all, span2{s, e})
				}
			case expression(`\A(bc1|tb1|ltc1|BC1|LTC1)`).MatchString(word):
				if isBech32([]byte(word), strings.IndexByte(word, '1')) {
					all = append(all, span2{s, e})
				}
			case len(p) == 25 && len(word) <= 35:
				once := sha256.Sum256(p[:21])
				twice := sha256.Sum256(once[:])
				if slices.Equal(twice[:4], p[21:]) {
					all = append(all, span2{s, e})
				}
			}
		})
		return all
	}
	nanp := func(d string) bool {
		return expression(`\A[2-9][0-8][0-9][2-9][0-9]{6}\z`).MatchString(d) && d[1:3] != "11" && d[4:6] != "11"
	}
	// Groups after a plus, and numbers after a word, are in the table alone.
	oracles[phone] = func(text string) (all []span2) {
		every(`\+[0-9]+`, text, func(s, e int) {
			d := text[s+1 : e]
			if endsWith(text[:s], `[A-Za-z0-9]`) || len(d) > 15 || beginsWith(text[e:], `[A-Za-z_ ()./\x{a0}\x{2010}-\x{2013}-]`) {
				return
			}
			code := countryCodeOf([]byte(d))
			if code == 0 {
				return
			}
			if n, c := len(d)-code, countryCodes[number3([]byte(d[:code]))]; int(c.shortest) <= n && n <= int(c.longest) && (d[0] != '1' || nanp(d[1:])) {
				all = append(all, span2{s, e})
			}
		})
		every(`\([0-9]{3}\)[ -]?[0-9]{3}[ .-][0-9]{4}|[0-9]{3}(-[0-9]{3}-|\.[0-9]{3}\.)[0-9]{4}`, text, func(s, e int) {
			if nanp(digitsOf(text[s:e])) && free(text, s, e) {
				all = append(all, span2{s, e})
			}
		})
		return all
	}
	oracles[secret] = func(text string) (all []span2) {
		for _, form := range []string{
			`A3T[A-Z0-9]{17}`, `(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}`, `AIza[A-Za-z0-9_-]{35}`, `gh[pousr]_[A-Za-z0-9]{36,255}`, `github_pat_[A-Za-z0-9_]{36,255}`,
			`(sk|rk)_(live|test)_[A-Za-z0-9]{16,255}`, `hf_[A-Za-z0-9]{34,40}`, `npm_[A-Za-z0-9]{36}`, `xox[abeoprs]-[A-Za-z0-9-]{15,255}`, `dop_v1_[A-Za-z0-9]{64}`,
			`eyJ[A-Za-z0-9_-]{7,}\.eyJ[A-Za-z0-9_-]{7,}\.[A-Za-z0-9_-]{10,}`,
		} {
			every(form, text, func(s, e int) {
				of := text[s:e]
				marks := map[byte]string{'x': "-", 'e': "_-"}[of[0]]
				if strings.HasPrefix(of, "AIza") {
					marks = "-"
				}
				_, body, ok := strings.Cut(of, "_")
				if strings.HasPrefix(of, "eyJ") || !ok {
					body = strings.TrimPrefix(strings.TrimPrefix(of[4:], "-"), "_")
				}
				body = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(body, "live_"), "test_"), "v1_")
				body = strings.TrimPrefix(body, "pat_")
				mixed := strings.ContainsAny(body, "0123456789") && strings.ContainsAny(strings.ToLower(body), "abcdefghijklmnopqrstuvwxyz")
				mixed = mixed || strings.ToLower(body) != body && strings.ToUpper(body) != body || beginsWith(of, `A3T|AKIA|ASIA|AIza|hf_|eyJ`)
				if mixed && !endsWith(text[:s], `[A-Za-z0-9_-]`) && !beginsWith(text[e:], `[A-Za-z0-9_]`) && (marks == "" || !strings.ContainsAny(text[e:min(len(text), e+1)], marks)) {
					all = append(all, span2{s, e})
				}
			})
		}
		return all
	}
	pieces[secret] = []string{"AKIAIOSFODNN7EXAMPLE", "AKIA", "IOSFODNN", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghs_", "abcdefghijklmnopqrstuvwxyzabcdefghij", "1", "x", "_", "-", " ", ".", "\"", "sk_live_", "4eC39HqLyjWDarjtT1zdp7dc", "AIza",
		"SyA-1234567890abcdefghijklmnopqrstu", "hf_", "abcdefghijklmnopqrstuvwxyzABCDEFGH", "eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0", ".dozjgNryP4J3jVmNHl0w5N", "xoxb-", "123456789012-abcdef", "github_pat_", "中"}
	pieces[email] = []string{"jane", "doe", ".", ".", "-", "_", "+", "'", "@", "@", "@", "example", ".com", ".co.uk", ".notatld", "é", "中", " ", "a@b.io", "git", "163", ".dev", "1.2", strings.Repeat("x", 60), "Ж"}
	pieces[url] = []string{"http", "https", "HTTP", "://", "://", "www.", "example", ".com", ".", "/", "a", "(", ")", "[", "]", "?", ",", " ", "\"", "é", "中", ":80", "http://a.b", "www.a.de", "_", "&", "-", "@", "x"}
	pieces[wallet] = []string{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0xde709f2102306220921060314715629080e2fb77", " ", " ", ".", "_", "1", "x", "-", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "中"}
	// Numbers of random digits in each form, none of which touches another one.
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		form := []string{"(ddd) ddd-dddd", "(ddd)ddd.dddd", "ddd-ddd-dddd", "ddd.ddd.dddd", "ddd-ddd.dddd", "+1dddddddddd", "+dddddddd", "+ddddddddddd", "+ddddddddddddd", "+ddddddddddddddddd"}[r.IntN(10)]
		number := expression("d").ReplaceAllStringFunc(form, func(string) string { return strconv.Itoa(r.IntN(10)) })
		pieces[phone] = append(pieces[phone], []string{"|", "x", "\n", ";", "中", "_", "=\""}[r.IntN(7)]+number+[]string{"|", "x", "\n", ";", "中", "_"}[r.IntN(6)])
	}
}
