package privacy

// phone looks for a telephone number that begins with the groups:
//
//   - a plus, a country code that the ITU has assigned, and as many digits as its numbers have (E.164);
//   - the ten digits of the North American plan, written (202) 555-0143, 202-555-0143 or 202.555.0143, with
//     or without a 1 before: neither the area nor the exchange begins with 0 or 1 or ends in 11, and
//     the second digit of the area is no 9 (https://nationalnanpa.com);
//   - 7 to 15 digits after a word such as "phone", "tel" or "fax".
//
// Other national forms look like any number, and are found after such a word only. A 0 in parentheses after
// the country code is dialled within the country, and not counted.
func (f *finder) phone(g *groups) {
	start := g.runs[0].start
	switch c, beyond := at(f.text, start-1), at(f.text, start-2); {
	case c == '+':
		if classes[beyond]&inWord == 0 && f.international(g) {
			return
		}
	case f.northAmerican(g):
		return
	}
	f.labelledPhone(g)
}

// international looks for a number with a country code after a plus.
func (f *finder) international(g *groups) bool {
	var buffer [24]byte
	d := g.all(buffer[:], g.n)
	code := countryCodeOf(d)
	if code == 0 {
		return false
	}
	want := countryCodes[number3(d[:code])]
	trunk := 0
	for n := 1; n <= g.n; n++ {
		if g.before[n-1] == open && string(g.text[g.runs[n-1].start:g.runs[n-1].end]) == "0" {
			trunk = 1
		}
	}
	for n := g.n; n > 0; n-- {
		end := g.runs[n-1].end
		national := g.digits(n) - code - trunk
		if national < int(want.shortest) || national > int(want.longest) || tied(at(f.text, end), at(f.text, end+1)) || g.before[n-1] == open {
			continue
		}
		if code == 1 && d[0] == '1' && !isNorthAmerican(d[1:11]) {
			continue
		}
		f.add(phone, g.runs[0].start-1, end)
		return true
	}
	return false
}

// northAmerican looks for a number of the North American plan.
func (f *finder) northAmerican(g *groups) bool {
	area := 0 // the group
	if g.runs[0].len() == 1 && g.text[g.runs[0].start] == '1' {
		area = 1
	}
	if g.n < area+3 || g.runs[area].len() != 3 || g.runs[area+1].len() != 3 || g.runs[area+2].len() != 4 {
		return false
	}
	start, end := g.runs[0].start, g.runs[area+2].end
	first, second := g.before[area+1], g.before[area+2]
	switch {
	case first == closing && at(g.text, g.runs[area].start-1) == '(' && second != slash && second != open && second != closing:
		if area == 0 {
			start--
		}
	case first != second || first != hyphen && first != point:
		return false
	}
	var buffer [24]byte
	d := g.all(buffer[:], area+3)
	if !isNorthAmerican(d[area:]) || !alone(f.text, start, end) {
		return false
	}
	f.add(phone, start, end)
	return true
}

// isNorthAmerican says whether the ten digits are a number of the North American plan.
func isNorthAmerican(d []byte) bool {
	return d[0] >= '2' && d[1] != '9' && string(d[1:3]) != "11" && d[3] >= '2' && string(d[4:6]) != "11"
}

// labelledPhone looks for a number after a word that announces one.
func (f *finder) labelledPhone(g *groups) {
	start := g.runs[0].start
	if string(f.text[start:min(start+3, len(f.text))]) == "000" || !labelled(f.text, start, phones) {
		return // three zeros begin the dump of a cell, not the number of a cell phone
	}
	if c := at(f.text, start-1); c == '+' || c == '(' && g.n > 1 && g.before[1] == closing {
		start--
	}
	for n := g.n; n > 0; n-- {
		end := g.runs[n-1].end
		digits := g.digits(n)
		if digits < 7 || digits > 15 || tied(at(f.text, end), at(f.text, end+1)) {
			continue
		}
		if n == 3 && g.runs[0].len() == 4 && g.runs[1].len() == 2 && g.runs[2].len() == 2 {
			return // a date
		}
		f.add(phone, start, end)
		return
	}
}

// phones are words before a telephone number, or their ASCII ends.
var phones = set("phone", "phones", "telephone", "tel", "fax", "telefax", "mobile", "mob", "cell", "cellphone", "hotline",
	"telefon", "handy", "whatsapp", "fono", "phonenumber", "ph", "landline", "voicemail", "pager")

// A countryCode says how many digits follow it in a number; longest 0 = not assigned.
type countryCode struct{ shortest, longest uint8 }

// countryCodes are by number: no code is the beginning of another one.
var countryCodes = newCountryCodes()

// countryCodeOf returns the length of the country code that digits begin with, 0 if there is none.
func countryCodeOf(d []byte) int {
	for n := 1; n <= 3 && n < len(d); n++ {
		if d[0] != '0' && countryCodes[number3(d[:n])].longest > 0 {
			return n
		}
	}
	return 0
}

func number3(d []byte) int {
	v := 0
	for _, c := range d {
		v = 10*v + int(c-'0')
	}
	return v
}

// newCountryCodes lists the codes of ITU-T E.164 (Annex to Operational Bulletin 930). Where a country is not
// listed with lengths of its own, its numbers have 6 to 12 digits; with the code there are 15 at most.
func newCountryCodes() (t [1000]countryCode) {
	for _, r := range [][2]int{
		{7, 7}, {20, 20}, {211, 213}, {216, 216}, {218, 218}, {220, 258}, {260, 269}, {27, 27}, {290, 291}, {297, 299},
		{30, 34}, {36, 36}, {39, 41}, {43, 49}, {350, 359}, {370, 378}, {380, 383}, {385, 387}, {389, 389},
		{420, 421}, {423, 423}, {500, 509}, {51, 58}, {590, 599}, {60, 66}, {670, 670}, {672, 683}, {685, 692},
		{800, 800}, {808, 808}, {81, 82}, {84, 84}, {850, 850}, {852, 853}, {855, 856}, {86, 86}, {870, 870},
		{878, 878}, {880, 883}, {886, 886}, {888, 888}, {90, 95}, {960, 968}, {970, 977}, {979, 979}, {98, 98},
		{992, 996}, {998, 998},
	} {
		for code := r[0]; code <= r[1]; code++ {
			t[code] = countryCode{6, 12}
		}
	}
	for _, x := range []struct {
		code, shortest, longest int
	}{
		{1, 10, 10}, {7, 10, 10}, {20, 8, 10}, {27, 9, 9}, {30, 10, 10}, {31, 9, 11}, {32, 8, 9}, {33, 9, 9}, {34, 9, 9},
		{36, 8, 9}, {39, 6, 12}, {40, 9, 9}, {41, 9, 9}, {43, 5, 13}, {44, 7, 10}, {45, 8, 8}, {46, 7, 10}, {47, 8, 8},
		{48, 9, 9}, {49, 6, 13}, {51, 8, 9}, {52, 10, 11}, {54, 10, 11}, {55, 10, 11}, {56, 9, 9}, {57, 8, 10}, {60, 8, 10},
		{61, 9, 9}, {62, 8, 12}, {63, 8, 10}, {64, 8, 10}, {65, 8, 8}, {66, 8, 9}, {81, 9, 10}, {82, 8, 10}, {84, 9, 10},
		{86, 9, 11}, {90, 10, 10}, {91, 10, 10}, {92, 9, 10}, {98, 10, 10}, {351, 9, 9}, {352, 5, 11}, {353, 7, 9},
		{358, 5, 12}, {380, 9, 9}, {420, 9, 9}, {421, 9, 9}, {852, 8, 8}, {853, 8, 8}, {886, 8, 9}, {966, 8, 9},
		{971, 8, 9}, {972, 8, 9}, {290, 4, 5}, {500, 5, 5}, {682, 5, 5}, {683, 4, 7}, {688, 5, 7}, {690, 4, 7},
	} {
		t[x.code] = countryCode{uint8(x.shortest), uint8(x.longest)}
	}
	return t
}
