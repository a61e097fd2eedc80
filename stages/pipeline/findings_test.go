package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/stages/pipeline"
)

// The later stage finds nothing but what the condition lets it see, in the second pass.
const findingsJob = `
input = "in"
output = "out"
[[stage]]
name = "addresses"
use = "privacy.redact"
entities = ["phone", "email", "ip"]
[[stage]]
use = "dedup.exact"
[[stage]]
name = "links"
use = "privacy.redact"
entities = ["url"]
when = "n < 100"
`

// What is found is counted once, of each entity that is looked for: at any number of ranks, after stops, in stages of any pass.
func TestFindings(t *testing.T) {
	f := newFolder(t)
	email, phone, url := pipeline.FindReport{Entity: "email"}, pipeline.FindReport{Entity: "phone"}, pipeline.FindReport{Entity: "url"}
	for s := range 5 {
		var b strings.Builder
		for i := range 400 {
			mails, link := strings.Repeat("jane.doe@example.com, ", i%4), ""
			if email.Parts, email.Bytes = email.Parts+int64(i%4), email.Bytes+20*int64(i%4); i%4 > 0 {
				email.Texts++
			}
			if i%10 == 0 {
				mails += "+1 202-555-0143 "
				phone.Texts, phone.Parts, phone.Bytes = phone.Texts+1, phone.Parts+1, phone.Bytes+15
			}
			if i%5 == 0 { // of texts that are equal the first stays
				if link = " http://example.org/x"; s == 0 && i < 100 {
					url.Texts, url.Parts, url.Bytes = url.Texts+1, url.Parts+1, url.Bytes+20
				}
			}
			fmt.Fprintf(&b, `{"text": "row %d: %s%s", "n": %d}`+"\n", i, mails, link, i)
		}
		f.write(fmt.Sprintf("in/%d.jsonl", s), b.String())
	}
	check := func(out string, o pipeline.Outcome, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := o.Report.Stages[0].Found, []pipeline.FindReport{email, phone, {Entity: "ip"}}; !slices.Equal(got, want) {
			t.Errorf("%s: found %+v, want %+v", out, got, want)
		}
		if got := o.Report.Stages[1].Found; got != nil {
			t.Errorf("%s: dedup found %+v", out, got)
		}
		if got, want := o.Report.Stages[2].Found, []pipeline.FindReport{url}; !slices.Equal(got, want) {
			t.Errorf("%s: found %+v, want %+v", out, got, want)
		}
	}
	for _, ranks := range []int{1, 4} {
		out := fmt.Sprint("out", ranks)
		o, err := f.run(findingsJob, out, ranks, pipeline.Options{})
		check(out, o, err)
	}
	f.stopAt(findingsJob, "out", 2, 1, 1)
	f.stopAt(findingsJob, "out", 3, 2, 1)
	o, err := f.run(findingsJob, "out", 1, pipeline.Options{})
	check("stopped", o, err)
}
