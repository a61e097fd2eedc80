// Package url holds the stages that judge samples by where they come from.
package url

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// Blocklist is the table of url.blocklist.
type Blocklist struct {
	Lists     []string `toml:"lists" path:"file" doc:"files of domains and URLs, one a line, or hosts files; or folders with files domains and urls"`
	Words     []string `toml:"words" path:"file" doc:"files of words that no URL may have as a whole word"`
	Subwords  []string `toml:"subwords" path:"file" doc:"files of strings that no URL may have anywhere, marks left out"`
	SoftWords []string `toml:"soft_words" path:"file" doc:"files of words of which a URL may have some"`
	Soft      int64    `toml:"soft_threshold" doc:"different words of soft_words that are too many"`
}

// DefaultBlocklist has the threshold of FineWeb.
func DefaultBlocklist() Blocklist { return Blocklist{Soft: 2} }

// Scores of a URL: the first of these that holds.
const (
	fine = iota
	listed
	hasWord
	tooSoft
	hasSubword
)

// NewBlocklist returns the filter that drops samples whose URL is on a list. A domain on a list stands for
// its subdomains too; a URL for those that begin with it, up to a mark that ends a part of an address. "www." in front, letter case, user,
// port, fragment, scheme, and whether a name of other letters is in Punycode make no difference. A
// sample without a URL stays.
//
// The score is 0 for a URL that stays; 1 if it is on a list; 2 if it has one of words; 3
// if it has Soft different ones of soft_words or more; 4 if without its marks it has one of subwords.
//
// Source of the rules about words: RefinedWeb (Penedo et al. 2023, https://arxiv.org/abs/2306.01116, G.1.2) as
// datatrove's URLFilter reads it (https://github.com/huggingface/datatrove). That
// knows a domain by its name without the suffix, and does not take capitals in words for small letters; here example.com does
// not stand for example.org, and "Word" is "word".
func NewBlocklist(c stages.Common, b Blocklist) ([]stages.Stage, error) {
	var none, soft error
	if len(b.Lists)+len(b.Words)+len(b.Subwords)+len(b.SoftWords) == 0 {
		none = errors.New("lists is missing\ngive files of domains and URLs, such as UT1's folders at https://dsi.ut-capitole.fr/blacklists/")
	}
	if b.Soft < 1 {
		soft = fmt.Errorf("soft_threshold = %d is less than 1", b.Soft)
	}
	if err := errors.Join(none, soft); err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewFilter(c, &blocklist{Blocklist: b})}, nil
}

type blocklist struct {
	Blocklist
	set        *set
	hard, soft map[string]bool
	sub        *scan.Matcher
	addresses  sync.Pool // of *address
}

// Prepare reads the lists.
func (b *blocklist) Prepare(context.Context) error {
	var err error
	if b.set, err = readLists(b.Lists); err != nil {
		return err
	}
	if b.hard, err = readWords("words", b.Words); err != nil {
		return err
	}
	if b.soft, err = readWords("soft_words", b.SoftWords); err != nil {
		return err
	}
	sub, err := readWords("subwords", b.Subwords)
	if err != nil {
		return err
	}
	var phrases [][]byte
	for word := range sub {
		phrases = append(phrases, []byte(word))
	}
	b.sub = scan.NewMatcher(phrases)
	return nil
}

// Held is the lists of domains and URLs.
func (b *blocklist) Held(int) int64 {
	if b.set == nil {
		return 0
	}
	return int64(8*len(b.set.hashes) + 4*len(b.set.starts))
}

// Score returns which rule the URL breaks.
func (b *blocklist) Score(d *scan.Document) float64 {
	url := d.Text()
	if len(url) == 0 {
		return fine
	}
	a, ok := b.addresses.Get().(*address)
	if !ok {
		a = new(address)
	}
	defer b.addresses.Put(a)
	if a.parse(url); b.set.matches(a) {
		return listed
	}
	if len(b.hard)+len(b.soft)+len(b.Subwords) > 0 {
		return b.words(a, url)
	}
	return fine
}

// words judges a URL by its words: runs of ASCII letters and digits.
func (b *blocklist) words(a *address, url []byte) float64 {
	a.squeezed, a.seen = a.squeezed[:0], a.seen[:0]
	start := 0
	end := func() (hard bool) {
		word := a.squeezed[start:]
		start = len(a.squeezed)
		if len(word) == 0 {
			return false
		}
		if b.soft[string(word)] {
			a.see(word)
		}
		return b.hard[string(word)]
	}
	for _, c := range url {
		switch {
		case 'A' <= c && c <= 'Z':
			a.squeezed = append(a.squeezed, c|0x20)
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			a.squeezed = append(a.squeezed, c)
		case end():
			return hasWord
		}
	}
	switch {
	case end():
		return hasWord
	case int64(len(a.seen)) >= b.Soft:
		return tooSoft
	case b.sub.Find(a.squeezed, func(int, int) bool { return true }):
		return hasSubword
	}
	return fine
}

// Keep keeps URLs that break no rule.
func (b *blocklist) Keep(score float64) bool { return score == fine }
