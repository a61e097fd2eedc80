package dedup

import (
	"strings"
	"testing"

	"sluice/stages"
)

func TestExplain(t *testing.T) {
	made, err := NewFuzzy(stages.Common{Name: "near", Column: "text"}, DefaultFuzzy())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Join(made[0].(stages.Explainer).Explain(), "\n")
	for _, want := range []string{
		"32 bands x 8 rows of 256 coordinates; of pairs at the threshold of 0.8, 99.72 %", "512 bytes a sketch, 536 with",
		"J         0.30   0.40   0.50   0.60   0.65   0.70   0.75   0.80   0.85   0.90   0.95", "found %    0.2    2.1   11.8   41.8 ", " 99.72 ", " 100.00",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is not in\n%s", want, lines)
		}
	}
}
