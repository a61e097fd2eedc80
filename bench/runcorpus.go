package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// CorpusOptions are those of the benchmark corpus.
type CorpusOptions struct {
	Shape    string  // one of Shapes; "" = repeats with Options.Corpus, else mixed
	Seed     int     // other texts
	Families int     // templates, documents that are repeated, chains; 0 = the shape's default
	Pages    int     // documents of each; 0 = as many as Options.Size has room for
	Share    float64 // of a page's words that are its template's; 0 = 0.9
	Near     float64 // of documents that are planted; 0 = 0.25
}

// Shapes lists the corpora that can be made, with a line of help each.
func Shapes() [][2]string {
	return [][2]string{
		{"mixed", "single documents, and copies of some as the shared corpus has them"},
		{"repeats", "the corpus again and again, each time with other words"},
		{"family", "pages of one template, copies of some pages among them"},
		{"families", "pages of 100 templates, likewise"},
		{"copies", "one document, again and again"},
		{"versions", "chains of 50 documents, each a small edit of the one before"},
	}
}

// runCorpus writes a corpus with its truth into the folder that is its
// argument, which is new or empty.
func runCorpus(ctx context.Context, b *bench) error {
	dir := b.Args[0]
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("%s is not empty\nname a new folder", dir)
	}
	begin, watch := time.Now(), newStopwatch()
	m, err := b.make(ctx, dir, b.Made)
	if err != nil {
		return err
	}
	seconds, cpu := time.Since(begin).Seconds(), watch.seconds()
	b.figure("corpus", float64(m.bytes)/1e6, "MB", "")
	b.figure("text in it", float64(m.text)/1e6, "MB", "")
	b.figure("documents", float64(m.documents), "", "")
	b.figure("true pairs", float64(m.pairs), "", "")
	b.figure("planted documents", float64(m.planted), "", "")
	if len(m.backgrounds) > 0 {
		b.figure("J of two pages of a template, least", slices.Min(m.backgrounds), "", "")
		b.figure("J of two pages of a template, most", slices.Max(m.backgrounds), "", "")
		listed := 0.0
		if m.all {
			listed = 1
		}
		b.figure("all pairs of pages are in the truth", listed, "", "")
	}
	b.figure("written, truth included", float64(m.bytes)/1e6/seconds, "MB/s", "20")
	b.figure("written, truth included: per core", float64(m.bytes)/1e6/cpu, "MB/s", "")
	return nil
}

// make writes a corpus of about Options.Size bytes into a folder: part-*.jsonl,
// truth_pairs.tsv, planted.tsv. The same options give the same bytes.
func (b *bench) make(ctx context.Context, dir string, o CorpusOptions) (made, error) {
	if o.Shape == "" {
		o.Shape = "mixed"
		if b.Corpus != "" {
			o.Shape = "repeats"
		}
	}
	b.result.Name = "corpus-" + o.Shape
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return made{}, err
	}
	if o.Shape == "repeats" {
		if b.Corpus == "" {
			return made{}, errors.New("repeats needs --corpus FILE")
		}
		base, err := readBasis(b.Corpus)
		if err != nil {
			return made{}, err
		}
		repeats := int((b.Size + int64(base.size) - 1) / int64(base.size))
		return base.write(ctx, dir, repeats, uint64(o.Seed))
	}
	v := newVocabulary()
	s, err := o.shape(v, 2)
	if err != nil {
		return made{}, err
	}
	mean := meanLength(s, v)
	docs := int(float64(b.Size) / mean)
	if o.Pages > 0 && o.families() > 0 {
		docs = o.Pages * o.families()
	}
	if s, err = o.shape(v, docs); err != nil {
		return made{}, err
	}
	l := lay(s, docs, uint64(o.Seed))
	m, err := l.write(ctx, dir, v, int(float64(len(l.order))*mean/partBytes)+1)
	if err != nil {
		return m, err
	}
	return m, l.truth(ctx, dir, &m)
}

// families returns how many families were asked for, or the shape's default; 0
// for as many as there is room for.
func (o CorpusOptions) families() int {
	switch {
	case o.Families > 0:
		return o.Families
	case o.Shape == "family" || o.Shape == "copies":
		return 1
	case o.Shape == "families":
		return 100
	}
	return 0
}

// shape returns the shape for about so many documents.
func (o CorpusOptions) shape(v *vocabulary, docs int) (shape, error) {
	if o.Share == 0 {
		o.Share = 0.9
	}
	if o.Near == 0 {
		o.Near = 0.25
	}
	m := maker{v, uint64(o.Seed), o.Near}
	switch o.Shape {
	case "mixed":
		return &mixed{m}, nil
	case "family", "families":
		return &templates{m, o.families(), o.Share}, nil
	case "copies":
		return &repeated{m, max(1, docs/o.families())}, nil
	case "versions":
		n := o.Pages
		if n == 0 {
			n = 50
		}
		return &versions{m, n}, nil
	}
	var names []string
	for _, s := range Shapes() {
		names = append(names, s[0])
	}
	return nil, fmt.Errorf("no corpus of shape %q; have %s", o.Shape, strings.Join(names, ", "))
}
