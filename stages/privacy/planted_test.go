package privacy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// pick returns n random characters of an alphabet.
func pick(r *rand.Rand, n int, alphabet string) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

func one(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

const (
	decimal = "0123456789"
	hexes   = "0123456789abcdef"
	lowers  = "abcdefghijklmnopqrstuvwxyz"
	alnum   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// encode58 writes Base58Check with big numbers.
func encode58(version byte, payload []byte) string {
	p := append([]byte{version}, payload...)
	once := sha256.Sum256(p)
	twice := sha256.Sum256(once[:])
	p = append(p, twice[:4]...)
	var b []byte
	for v := new(big.Int).SetBytes(p); v.Sign() > 0; {
		m := new(big.Int)
		v.DivMod(v, big.NewInt(58), m)
		b = append([]byte{"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[m.Int64()]}, b...)
	}
	for _, c := range p {
		if c != 0 {
			break
		}
		b = append([]byte{'1'}, b...)
	}
	return string(b)
}

// made makes a random entity in one of the ways in which people write it.
var made = map[entity]func(r *rand.Rand) string{
	email: func(r *rand.Rand) string {
		local := pick(r, 2+r.IntN(8), lowers) + one(r, "", ".", "_", "-", "+") + pick(r, 1+r.IntN(6), alnum)
		return local + "@" + one(r, "", "mail.", "x-y.") + pick(r, 2+r.IntN(9), lowers) + one(r, ".com", ".org", ".de", ".co.uk", ".io", ".museum", ".COM")
	},
	url: func(r *rand.Rand) string {
		host := pick(r, 1+r.IntN(9), lowers) + one(r, ".com", ".org", ".de", ".co.uk")
		return one(r, "http://", "https://", "www.", "ftp://", "HTTPS://") + host + one(r, "", "/", "/"+pick(r, 9, alnum), "/a_(b)", "?q="+pick(r, 5, alnum)+"&x=%20", "/#"+pick(r, 4, alnum), ":8080/x.html")
	},
	ip: func(r *rand.Rand) string {
		if r.IntN(3) == 0 {
			groups := []string{one(r, "2001", "2a02", "fd00", "fe80")}
			for range 7 {
				groups = append(groups, one(r, pick(r, 1+r.IntN(4), hexes), "0"))
			}
			if r.IntN(2) == 0 {
				return strings.Join(groups[:1+r.IntN(4)], ":") + "::" + strings.Join(groups[6:], ":")
			}
			return strings.Join(groups, ":")
		}
		first := 1 + r.IntN(222)
		if first == 127 {
			first = 10
		}
		return fmt.Sprintf("%d.%d.%d.%d", first, r.IntN(256), r.IntN(256), r.IntN(256))
	},
	mac: func(r *rand.Rand) string {
		separator := one(r, ":", "-")
		parts := make([]string, 6)
		for i := range parts {
			parts[i] = pick(r, 2, hexes)
		}
		return one(r, strings.Join(parts, separator), strings.ToUpper(strings.Join(parts, separator)))
	},
	card: func(r *rand.Rand) string {
		d := one(r, "4", "51", "55", "2221", "2720", "34", "37", "6011", "65", "3530", "36", "62", "2200")
		n := map[string]int{"34": 15, "37": 15, "36": 14}[d]
		if n == 0 {
			n = 16
		}
		d += pick(r, n-1-len(d), decimal)
		for c := range byte(10) {
			if luhn([]byte(d + string('0'+c))) {
				d += string('0' + c)
				break
			}
		}
		separator := one(r, "", " ", "-")
		switch n {
		case 16:
			return d[:4] + separator + d[4:8] + separator + d[8:12] + separator + d[12:]
		default:
			return d[:4] + separator + d[4:10] + separator + d[10:]
		}
	},
	iban: func(r *rand.Rand) string {
		country := one(r, "DE", "FR", "GB", "NL", "ES", "IT", "NO", "CH", "PL", "AT", "BE")
		rest := pick(r, ibanLengths[country]-4, decimal)
		if country == "GB" || country == "NL" {
			rest = pick(r, 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + rest[4:]
		}
		remainder := 0
		for _, c := range rest + country + "00" {
			if c >= 'A' {
				remainder = (remainder*100 + int(c-'A') + 10) % 97
			} else {
				remainder = (remainder*10 + int(c-'0')) % 97
			}
		}
		full := fmt.Sprintf("%s%02d%s", country, 98-remainder, rest)
		if r.IntN(2) == 0 {
			return full
		}
		var b strings.Builder
		for i, c := range full {
			if i > 0 && i%4 == 0 {
				b.WriteByte(' ')
			}
			b.WriteRune(c)
		}
		return b.String()
	},
	ssn: func(r *rand.Rand) string {
		area := 1 + r.IntN(899)
		if area == 666 {
			area = 667
		}
		return fmt.Sprintf("%03d-%02d-%04d", area, 1+r.IntN(99), 1+r.IntN(9999))
	},
	phone: func(r *rand.Rand) string {
		area, exchange, line := one(r, "202", "415", "646", "312", "800"), "5"+one(r, "55", "01", "67"), pick(r, 4, decimal)
		return one(r,
			"("+area+") "+exchange+"-"+line, area+"-"+exchange+"-"+line, area+"."+exchange+"."+line, "+1 "+area+" "+exchange+" "+line, "1-"+area+"-"+exchange+"-"+line, "+1"+area+exchange+line,
			"+44 20 7946 "+line, "+49 30 "+pick(r, 7, decimal), "+49 (0)89 "+pick(r, 6, decimal), "+33 1 23 45 "+line[:2]+" "+line[2:], "+91 98765 4"+line, "+86 138 1234 "+line, "+442079460"+line[:3])
	},
	wallet: func(r *rand.Rand) string {
		hash := make([]byte, 20)
		for i := range hash {
			hash[i] = byte(r.Uint32())
		}
		return one(r, encode58(0, hash), encode58(5, hash), encode58(48, hash), encode58(30, hash), "0x"+hex.EncodeToString(hash))
	},
	secret: func(r *rand.Rand) string {
		return one(r, "AKIA"+pick(r, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), "ghp_"+pick(r, 36, alnum), "github_pat_"+pick(r, 22, alnum)+"_"+pick(r, 59, alnum), "xoxb-"+pick(r, 12, decimal)+"-"+pick(r, 24, alnum),
			"AIza"+pick(r, 35, alnum+"-_")[:34]+"x", "sk_live_"+pick(r, 24, alnum), "sk-"+pick(r, 48, alnum), "hf_"+pick(r, 34, alnum), "npm_"+pick(r, 36, alnum), "glpat-"+pick(r, 20, alnum),
			"eyJ"+pick(r, 30, alnum)+".eyJ"+pick(r, 50, alnum)+"."+pick(r, 43, alnum))
	},
}

// TestRecall plants entities between words of real texts, with what stands around them there, and counts those of which
// every byte is found.
func TestRecall(t *testing.T) {
	texts := corpus(t)
	rounds := 1000
	if os.Getenv("SLUICE_SWEEP") != "" {
		rounds = 20_000
	}
	r := rand.New(rand.NewPCG(7, 8))
	for e := range entityCount {
		var f finder
		f.want[e] = true
		found, missed := 0, []string{}
		for range rounds {
			text := texts[r.IntN(len(texts))]
			at := r.IntN(len(text) + 1)
			for at < len(text) && text[at] != ' ' && text[at] != '\n' {
				at++
			}
			from := max(0, at-200)
			before, after := string(text[from:at])+one(r, " ", " ", "\n", " (", ": ", " \"", "<", ","), one(r, " ", ".", ", ", ")", "\"", ">", "\n", "; ")+string(text[at:min(len(text), at+200)])
			planted := made[e](r)
			all := before + planted + after
			hit := false
			for _, x := range f.find([]byte(all)) {
				hit = hit || x.start <= len(before) && x.end >= len(before)+len(planted)
			}
			if hit {
				found++
			} else if len(missed) < 10 {
				missed = append(missed, fmt.Sprintf("%q", all[max(0, len(before)-20):min(len(all), len(before)+len(planted)+8)]))
			}
		}
		t.Logf("%-8s %.2f %% of %d found; missed %s", entityNames[e], 100*float64(found)/float64(rounds), rounds, strings.Join(missed, " "))
		if float64(found) < 0.995*float64(rounds) {
			t.Errorf("%s: %d of %d planted ones are found; missed\n%s", entityNames[e], found, rounds, strings.Join(missed, "\n"))
		}
	}
}
