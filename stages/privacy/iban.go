package privacy

// ibanLengths are the lengths of IBANs by country (ISO 13616, the registry of SWIFT, release 99).
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
	"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
	"ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
	"HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
	"LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
	"MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
	"PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
	"SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
	"YE": 30,
}

// iban looks for an International Bank Account Number that begins with the word text[start:end]: as many
// capitals and digits as the country has, in one run or in groups of four parted by spaces, and the remainder of
// ISO 7064 MOD 97-10.
func (f *finder) iban(start, end int) {
	text := f.text
	if classes[text[start]]&isUpper == 0 || classes[text[start+1]]&isUpper == 0 ||
		classes[text[start+2]]&isDigit == 0 || classes[text[start+3]]&isDigit == 0 {
		return
	}
	want := ibanLengths[string(text[start:start+2])]
	if want == 0 || end-start != want && end-start != 4 {
		return
	}
	grouped := end-start == 4
	rest, head := 0, 0 // remainders of what follows the first four, and of those
	i := start
	for k := range want {
		if grouped && k > 0 && k%4 == 0 {
			switch {
			case at(text, i) == ' ':
				i++
			case at(text, i) == 0xc2 && at(text, i+1) == 0xa0:
				i += 2
			default:
				return
			}
		}
		c := at(text, i)
		into := &rest
		if k < 4 {
			into = &head
		}
		switch {
		case classes[c]&isDigit != 0:
			*into = (*into*10 + int(c-'0')) % 97
		case classes[c]&isUpper != 0:
			*into = (*into*100 + int(c-'A') + 10) % 97
		default:
			return
		}
		i++
	}
	// The first four count as if they stood last: two letters of two digits each, and two digits.
	if (rest*1_000_000+head)%97 == 1 && alone(text, start, i) {
		f.add(iban, start, i)
	}
}
