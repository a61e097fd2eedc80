package privacy

// number looks at the digits text[start:end], which no letter touches, and at what digits follow.
func (f *finder) number(start, end int) {
	text := f.text
	next := at(text, end)
	if f.want[ip] && next == '.' && end-start <= 3 {
		f.ipv4(start)
	}
	n := end - start
	if n < 7 && classes[next]&inSeparator == 0 {
		return
	}
	if tied(at(text, start-1), at(text, start-2)) {
		return // a later part of something
	}
	var g groups
	if !g.read(text, start) {
		return
	}
	if f.want[card] && (n >= 13 || n == 4) {
		f.card(&g)
	}
	if f.want[ssn] && (n == 3 || n == 9) {
		f.ssn(&g)
	}
	if f.want[phone] {
		f.phone(&g)
	}
}

// groups are runs of digits with at most a few marks between.
type groups struct {
	text   []byte
	n      int
	runs   [maxGroups]span
	before [maxGroups]separator // what stands between a run and the one before it
}

type span struct{ start, end int }

func (s span) len() int { return s.end - s.start }

const maxGroups = 8

// A separator is what parts two runs of digits.
type separator uint8

const (
	none separator = iota
	space
	hyphen
	point
	slash
	open    // ( with spaces around
	closing // )
)

// read reads the groups that begin with the digits at text[i:]. It says whether there are 7 digits to 24, the
// groups beyond left out.
func (g *groups) read(text []byte, i int) bool {
	g.text, g.n = text, 0
	digits, kind := 0, none
	for g.n < maxGroups {
		start := i
		for classes[at(text, i)]&isDigit != 0 {
			i++
		}
		if digits += i - start; digits > 24 {
			break
		}
		g.runs[g.n], g.before[g.n] = span{start, i}, kind
		g.n++
		var next int
		if kind, next = separatorAt(text, i); kind == none || classes[at(text, next)]&isDigit == 0 {
			break
		}
		i = next
	}
	return g.n > 0 && digits >= 7
}

// digits returns the number of digits in the first n groups.
func (g *groups) digits(n int) int {
	sum := 0
	for _, r := range g.runs[:n] {
		sum += r.len()
	}
	return sum
}

// all copies the digits of the first n groups to buffer.
func (g *groups) all(buffer []byte, n int) []byte {
	buffer = buffer[:0]
	for _, r := range g.runs[:n] {
		buffer = append(buffer, g.text[r.start:r.end]...)
	}
	return buffer
}

// uniform returns the separator before all groups from the second to the nth, none if they differ.
func (g *groups) uniform(n int) separator {
	for i := 2; i < n; i++ {
		if g.before[i] != g.before[1] {
			return none
		}
	}
	return g.before[1]
}

// separatorAt reads a separator of groups: a hyphen, point, slash or space, or a parenthesis with spaces or a
// hyphen around. A space may be U+00A0, a hyphen U+2010 to U+2013.
func separatorAt(text []byte, i int) (separator, int) {
	kind := none
	for range 3 {
		c := at(text, i)
		switch {
		case c == ' ' && kind != space:
			if kind == none {
				kind = space
			}
			i++
		case c == 0xc2 && at(text, i+1) == 0xa0:
			if kind == none {
				kind = space
			}
			i += 2
		case c == '-' && (kind == none || kind == closing):
			if kind == none {
				kind = hyphen
			}
			i++
		case c == 0xe2 && at(text, i+1) == 0x80 && 0x90 <= at(text, i+2) && at(text, i+2) <= 0x93 && kind == none:
			kind = hyphen
			i += 3
		case c == '.' && kind == none:
			return point, i + 1
		case c == '/' && kind == none:
			return slash, i + 1
		case c == '(' && (kind == none || kind == space || kind == hyphen):
			kind = open
			i++
		case c == ')' && (kind == none):
			kind = closing
			i++
		default:
			return kind, i
		}
	}
	return kind, i
}

// ssn looks for a number of the US Social Security Administration, 3-2-4 digits: the first are not 000, 666 or 900
// and more, the others not all zero (https://www.ssa.gov/employer/randomization.html). With spaces between,
// or nothing, there has to be a word for it before.
func (f *finder) ssn(g *groups) {
	var buffer [16]byte
	n := 3
	if g.runs[0].len() == 9 {
		n = 1
	} else if g.n < 3 || g.runs[0].len() != 3 || g.runs[1].len() != 2 || g.runs[2].len() != 4 {
		return
	}
	start, end := g.runs[0].start, g.runs[n-1].end
	if n == 1 || g.uniform(3) != hyphen {
		if n == 3 && g.uniform(3) != space || !labelled(f.text, start, socials) {
			return
		}
	}
	d := g.all(buffer[:], n)
	if string(d[:3]) == "000" || string(d[:3]) == "666" || d[0] == '9' || string(d[3:5]) == "00" || string(d[5:]) == "0000" {
		return
	}
	if alone(f.text, start, end) {
		f.add(ssn, start, end)
	}
}

var socials = set("ssn", "ssns", "social")

// card looks for the number of a payment card: one that an issuer of [cardLength] could have given, with the
// check digit of Luhn (ISO/IEC 7812-1), in one run or in groups of four, or 4-6-5 and 4-6-4, parted by spaces or
// hyphens.
func (f *finder) card(g *groups) {
	n := 1
	if g.runs[0].len() == 4 {
		if sep := g.before[1]; sep != space && sep != hyphen {
			return
		}
		for n < g.n && g.before[n] == g.before[1] && g.runs[n].len() <= 6 {
			n++
		}
	}
	for ; n > 0; n-- {
		if n == 2 || !g.cardShape(n) {
			continue
		}
		var buffer [24]byte
		d := g.all(buffer[:], n)
		start, end := g.runs[0].start, g.runs[n-1].end
		if cardLength(d) && luhn(d) && alone(f.text, start, end) {
			f.add(card, start, end)
			return
		}
	}
}

// cardShape says whether the first n groups have the lengths that are printed on cards.
func (g *groups) cardShape(n int) bool {
	r := g.runs[:n]
	switch n {
	case 1:
		return r[0].len() >= 13
	case 3:
		return r[1].len() == 6 && (r[2].len() == 5 || r[2].len() == 4)
	case 4, 5:
		return r[1].len() == 4 && r[2].len() == 4 && (n == 4 && (r[3].len() == 4 || r[3].len() == 1) || n == 5 && r[3].len() == 4 && r[4].len() <= 3)
	}
	return false
}

// cardLength says whether an issuer gives numbers that begin so and are as long. Ranges:
// https://en.wikipedia.org/wiki/Payment_card_number.
func cardLength(d []byte) bool {
	n := len(d)
	if n < 13 || n > 19 {
		return false
	}
	head := 0
	for _, c := range d[:6] {
		head = 10*head + int(c-'0')
	}
	for _, r := range cardRanges {
		low, high := r.low, r.high
		if low <= head && head <= high && r.shortest <= n && n <= r.longest {
			return r.only == 0 || (n-r.shortest)%r.only == 0
		}
	}
	return false
}

// cardRanges are ranges of the first six digits.
var cardRanges = []struct{ low, high, shortest, longest, only int }{
	{220000, 220499, 16, 19, 0}, // Mir
	{222100, 272099, 16, 16, 0}, // Mastercard
	{300000, 305999, 14, 19, 0}, // Diners Club
	{309500, 309599, 14, 19, 0},
	{340000, 349999, 15, 15, 0}, // American Express
	{352800, 358999, 16, 19, 0}, // JCB
	{360000, 369999, 14, 19, 0}, // Diners Club
	{370000, 379999, 15, 15, 0}, // American Express
	{380000, 399999, 16, 19, 0}, // Diners Club
	{400000, 499999, 13, 19, 3}, // Visa
	{501800, 501899, 16, 19, 0}, // Maestro
	{502000, 502099, 16, 19, 0},
	{503800, 503899, 16, 19, 0},
	{510000, 559999, 16, 16, 0}, // Mastercard
	{589300, 589399, 16, 19, 0}, // Maestro
	{601100, 601199, 16, 19, 0}, // Discover
	{620000, 629999, 16, 19, 0}, // UnionPay
	{630400, 630499, 16, 19, 0}, // Maestro
	{644000, 659999, 16, 19, 0}, // Discover
	{675900, 675999, 16, 19, 0}, // Maestro
	{676100, 676399, 16, 19, 0},
}

// luhn says whether the check digit is right.
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
