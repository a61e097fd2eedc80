package dedup

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"sluice/stages"
)

// What ARCHITECTURE.md says that a saved document takes, and that a record comes apart
// into what it was made of.
func TestBytesOfRecords(t *testing.T) {
	words := make([]string, 104)
	for i := range words {
		words[i] = fmt.Sprint("w", i)
	}
	text := strings.Join(words, " ")
	for _, c := range []struct {
		text, verify string
		sketch, set  int
	}{{text, "exact", 528, 500}, {text, "sketch", 528, 0}, {"one", "exact", 528, 5}, {"?!", "exact", 16, 0}, {"", "exact", 16, 0}} {
		o := DefaultFuzzy()
		o.Verify, o.Saved = c.verify, "saved"
		parts, err := NewFuzzy(stages.Common{Name: "fuzzy", Column: "text"}, o)
		if err != nil {
			t.Fatal(err)
		}
		b := texts(c.text)
		if err := parts[len(parts)-1].(stages.Collector).Save(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		sketched, set, err := record(b.Saved[0].Record).parts(512)
		if err != nil || len(sketched) != c.sketch || len(set) != c.set || len(b.Saved) != 1 {
			t.Errorf("%.9q, %s: %d and %d bytes, %v", c.text, c.verify, len(sketched), len(set), err)
		}
	}
	for _, n := range []int{0, 15, 17, 527, 529, 532} {
		if _, _, err := record(make([]byte, n)).parts(512); err == nil {
			t.Errorf("a record of %d bytes is taken", n)
		}
	}
	doc, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	if row := "in `save_sketches` | 528 and 5 a shingle (528 with `verify = \"sketch\"`), its name and about 4"; !strings.Contains(string(doc), row) {
		t.Errorf("ARCHITECTURE.md does not say %q", row)
	}
}
