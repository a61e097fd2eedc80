package pipeline_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sluice/stages/manifest"
	"sluice/stages/pipeline"
)

// A run that waits for another one finds what that one leaves: the job finished, which is not done again
// over what is left of its checkpoints, or another job, which it does not take for its own.
func TestFinishedWhileWaiting(t *testing.T) {
	other := plainJob + "keep = \"last\"\n"
	for name, c := range map[string]struct{ meanwhile, want string }{
		"the job":     {plainJob, ""},
		"another job": {other, "holds another job"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			f.write("in/a.jsonl", rowsOf(50)+rowsOf(50))
			dir := f.path("out/.sluice/lock")
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			by := manifest.Self()
			by.PID, by.Boot = by.PID+1, "another machine"
			lock, err := manifest.Acquire(t.Context(), dir, manifest.LockOptions{Holder: by})
			if err != nil {
				t.Fatal(err)
			}
			var report []byte
			var notices []string
			out, err := f.run(plainJob, "out", 2, pipeline.Options{Notice: func(s string) {
				if notices = append(notices, s); len(notices) > 1 {
					return
				}
				lock.Release()
				if _, err := f.run(c.meanwhile, "out", 1, pipeline.Options{}); err != nil {
					t.Error(err)
				}
				report, _ = os.ReadFile(f.path("out/report.json"))
			}})
			if len(notices) != 1 || !strings.Contains(notices[0], "is in use by") {
				t.Errorf("notices %q", notices)
			}
			var mistake *pipeline.JobError
			switch {
			case c.want == "" && (err != nil || !out.Already):
				t.Errorf("error %v, finished before: %v", err, out.Already)
			case c.want != "" && (!errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v", err)
			}
			if now, _ := os.ReadFile(f.path("out/report.json")); len(now) == 0 || string(now) != string(report) {
				t.Errorf("the report has become\n%s", now)
			}
		})
	}
}
