package dedup

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
	"sluice/stages/sketch"
)

// Fuzzy is the table of dedup.fuzzy.
type Fuzzy struct {
	Shingle     string   `toml:"shingle" doc:"what texts are sets of: word:N or char:N"`
	Word        string   `toml:"word" doc:"what a word is: unicode, or python for \\w+"`
	Normalize   []string `toml:"normalize" doc:"before: lower, whitespace, punctuation, digits, nfc, nfkc"`
	Sketch      string   `toml:"sketch" doc:"fast, or curator and curator64 for NeMo Curator's MinHash over char:N"`
	Threshold   float64  `toml:"threshold" doc:"Jaccard similarity from which on a text goes"`
	Coordinates int64    `toml:"coordinates" doc:"of a fast sketch: 256 or 128"`
	Bands       int64    `toml:"bands" doc:"0 = found from the threshold, with rows"`
	Rows        int64    `toml:"rows" doc:"coordinates in a band"`
	Verify      string   `toml:"verify" doc:"exact: compare the sets of all candidates; sketch: believe the sketches (0.8 may be 0.77 to 0.83), which reads the input twice only"`
	Cluster     string   `toml:"cluster" doc:"star: what goes is similar to what stays; or components"`
	Keep        string   `toml:"keep" doc:"who stays: first, last, longest, max:COLUMN, min:COLUMN"`
	Priority    []string `toml:"priority" doc:"patterns of shards that come before all others, the first before the second"`
	Against     []string `toml:"against" doc:"files of an earlier collection, or what save_sketches made of it: compared with, never removed, never written"`
	Saved       string   `toml:"save_sketches" path:"output" doc:"new folder for what a later job needs to compare with the output: name it in its against"`
}

// DefaultFuzzy finds texts with a Jaccard similarity of 0.8 over 5-grams of words.
func DefaultFuzzy() Fuzzy {
	return Fuzzy{
		Shingle: "word:5", Word: "unicode", Normalize: []string{}, Threshold: 0.8,
		Sketch: "fast", Coordinates: 256, Verify: "exact", Cluster: "star", Keep: "first", Priority: []string{}, Against: []string{},
	}
}

// fuzzy is what the parts of one dedup.fuzzy share. It does not change.
type fuzzy struct {
	common     stages.Common
	words      scan.Normalizer // of texts without a word
	threshold  fraction
	family     *family
	bands      sketch.Bands
	least      int // agreeing coordinates with which a pair is not yet rejected
	keep       keep
	components bool
	estimates  bool      // nothing but sketches is compared
	named      bool      // keepers are named to those that go for their sake
	workers    sync.Pool // of *sketcher
	collection stages.Collection
}

// maxWaves is how often buckets that are too large to compare all in them are
// looked at again, among those that are still kept.
const maxWaves = 4

// NewFuzzy returns the stages that remove samples whose text is similar to that of
// another that stays. The Jaccard similarity is that of the sets of shingles of the
// two texts. Candidates are found by sketches ([sketch.Fast]) that agree in all
// coordinates of a band, and each is verified by comparing the sets, as integers.
//
// Who stays is the lexicographically first maximal independent set of the similar
// pairs in the order of keep: a sample goes if and only if one that comes
// earlier and stays is similar to it.
//
// With verify = "sketch" the sketches alone say which pairs are similar, and how much; see
// [estimates].
//
// Mind that keep = "longest" prefers a text to which something was appended, spam
// for example, to the text itself.
func NewFuzzy(c stages.Common, o Fuzzy) ([]stages.Stage, error) {
	f := &fuzzy{common: c, components: o.Cluster == "components", estimates: o.Verify == "sketch"}
	// The last pass does not read keepers that are only compared with.
	f.named = c.Action == "mark" || len(o.Against) > 0
	var errs []error
	check := func(err error) { errs = append(errs, err) }
	var err error
	f.keep, err = parseKeep(o.Keep)
	check(err)
	f.keep, err = f.keep.before(o.Priority, len(o.Against) > 0)
	check(err)
	normalize, err := scan.NewNormalizer(o.Normalize)
	check(err)
	shingles, err := scan.ParseShingles(o.Shingle, o.Word, normalize)
	check(err)
	f.words, err = scan.NewNormalizer(append([]string{"lower", "whitespace"}, o.Normalize...))
	check(err)
	f.threshold, err = parseThreshold(o.Threshold)
	check(err)
	f.family, f.bands, err = newFamily(o, c.Seed, shingles)
	check(err)
	check(oneOf("verify", o.Verify, "exact", "sketch"))
	check(oneOf("cluster", o.Cluster, "star", "components"))
	if c.Score != "" {
		check(fmt.Errorf("score = %q: fuzzy dedup has no score; OUT/duplicates lists similarities\nremove the key", c.Score))
	}
	if c.Invert {
		check(errors.New("invert does not apply to a dedup\nremove the key"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	f.workers.New = func() any { return f.family.worker() }
	f.collection = stages.Collection{Folder: o.Saved, Parameters: f.parameters(o)}
	if f.estimates {
		f.least = f.family.leastSimilar(f.threshold)
		return []stages.Stage{&estimates{&sketches{f}}}, nil
	}
	f.least = sketch.MinAgreeing(o.Threshold, f.family.size)
	parts := []stages.Stage{&sketches{f}}
	for wave := 1; wave <= maxWaves; wave++ {
		parts = append(parts, &sets{f, wave})
	}
	return parts, nil
}

// oneOf checks the value of a key.
func oneOf(key, value string, legal ...string) error {
	for _, s := range legal {
		if s == value {
			return nil
		}
	}
	return fmt.Errorf("%s = %q is unknown; have %s", key, value, strings.Join(legal, ", "))
}

// A fraction is a threshold as it stands in the job file: decimal digits over
// a power of ten.
type fraction struct{ num, den uint64 }

// parseThreshold makes an exact fraction of a threshold.
func parseThreshold(t float64) (fraction, error) {
	if !(t > 0 && t <= 1) {
		return fraction{}, fmt.Errorf("threshold = %v is not above 0 and at most 1", t)
	}
	whole, digits, _ := strings.Cut(strconv.FormatFloat(t, 'f', -1, 64), ".")
	if len(digits) > 6 {
		return fraction{}, fmt.Errorf("threshold = %v has more than 6 decimals\nround it", t)
	}
	f := fraction{den: 1}
	for _, c := range whole + digits {
		f.num = f.num*10 + uint64(c-'0')
	}
	for range digits {
		f.den *= 10
	}
	return f, nil
}

// reached says that common/all is at or above the threshold.
func (f fraction) reached(common, all uint64) bool { return common*f.den >= f.num*all }

// table returns the name of a table of this stage.
func (f *fuzzy) table(name string) string { return f.common.Name + "." + name }

// ofWave returns the name of a table that each wave makes anew.
func (f *fuzzy) ofWave(name string, wave int) string {
	return fmt.Sprintf("%s.%s%d", f.common.Name, name, wave)
}

// Names of tables.
const (
	tableSketches   = "sketches"   // part 0: order, hash, sketch
	tableSame       = "same"       // to a sample with the shingles of another: that other
	tableCandidates = "candidates" // by wave: pairs that share a band
	tableOpen       = "open"       // by wave: pairs that sketches do not reject, or find similar
	tableNeeds      = "needs"      // by wave: samples in such pairs whose set is not there yet
	tableSets       = "sets"       // by wave: shingle sets of samples in open pairs
	tableEdges      = "edges"      // by wave: similar pairs
	tableVerdicts   = "verdicts"   // who goes, for whose sake; who is a keeper
)

// Name is the name in the job file: the user wrote one stage.
func (f *fuzzy) Name() string { return f.common.Name }

// text is the column that is compared.
func (f *fuzzy) text() stages.Need { return stages.Need{Name: f.common.Column, Type: stages.Text} }

// waves names the tables of the waves up to one.
func (f *fuzzy) waves(name string, wave int) (names []string) {
	for w := 1; w <= wave; w++ {
		names = append(names, f.ofWave(name, w))
	}
	return names
}
