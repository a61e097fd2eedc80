package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"sync/atomic"
	"time"

	"sluice/stages"
	"sluice/stages/manifest"
	"sluice/stages/progress"
	"sluice/stages/round"
)

// A Report is report.json: what a run did. report.schema.json describes it.
type Report struct {
	Version     string        `json:"version"`
	RowsIn      int64         `json:"rows_in"`
	RowsOut     int64         `json:"rows_out"`
	RowsDamaged int64         `json:"rows_damaged"`
	Started     time.Time     `json:"started"` // the first time
	Restarts    int           `json:"restarts"`
	Stages      []StageReport `json:"stages"`
	Passes      []PassReport  `json:"passes"`
	Damaged     []DamageEntry `json:"damaged"`
	// DamagedLeftOut counts damaged rows beyond the first 10,000, which are
	// counted but not listed.
	DamagedLeftOut int64 `json:"damaged_left_out,omitempty"`
	Duplicates     int64 `json:"duplicates"`
}

// A StageReport is a line of the funnel.
type StageReport struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	RowsIn  int64  `json:"rows_in"`
	RowsOut int64  `json:"rows_out"`
	// Clusters is set for a dedup that found duplicates, once the job is done.
	Clusters *ClusterReport `json:"clusters,omitempty"`
	// Stats is the file in OUT with what the stage has counted, once the job is done.
	Stats string `json:"stats,omitempty"`
	// Trimmed is set for a stage that takes parts out of texts.
	Trimmed *TrimReport `json:"trimmed,omitempty"`
	// Found is set for a stage that finds parts of several kinds in texts and replaces them.
	Found []FindReport `json:"found,omitempty"`
	// Folders is set for a mover that puts rows into folders, the largest first.
	Folders []FolderReport `json:"folders,omitempty"`
	// Sources is set for a mover that takes rows of sources by their weights.
	Sources []SourceReport `json:"sources,omitempty"`
}

// A TrimReport is what a stage took out of texts, those included that it dropped for
// what was left, and those that later stages drop.
type TrimReport struct {
	Unit  string `json:"unit"`  // what a part is: line, paragraph, sentence
	Texts int64  `json:"texts"` // that lost something
	Parts int64  `json:"parts_removed"`
	Bytes int64  `json:"bytes_removed"` // of text, with what stood between parts
}

// A FindReport is what a stage found of one kind, in rows that later stages drop too.
type FindReport struct {
	Entity string `json:"entity"`
	Texts  int64  `json:"texts"` // that had some
	Parts  int64  `json:"findings"`
	Bytes  int64  `json:"bytes_replaced"` // of text, before
}

// A SourceReport says how many rows of a source were left, and how many stand in the output,
// copies counted.
type SourceReport struct {
	Source  string `json:"source"`
	RowsIn  int64  `json:"rows_in"`
	RowsOut int64  `json:"rows_out"`
}

// A FolderReport says how many rows stand in a folder of OUT/data.
type FolderReport struct {
	Folder string `json:"folder"`
	Rows   int64  `json:"rows"`
}

// String returns the line of the funnel.
func (s StageReport) String() string {
	return fmt.Sprintf("{%s %s %d %d}", s.Name, s.Kind, s.RowsIn, s.RowsOut)
}

// A PassReport is what the ranks did in a pass.
type PassReport struct {
	Ranks  []RankReport  `json:"ranks"`
	Rounds []RoundReport `json:"rounds,omitempty"`
	// Earlier is what earlier starts have finished of the pass, and no rank of
	// this one counts. nil = nothing.
	Earlier *EarlierReport `json:"earlier,omitempty"`
}

// An EarlierReport adds up the blocks of a pass that earlier starts finished.
type EarlierReport struct {
	Rows     int64 `json:"rows"`
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
}

// earlierReport adds up what is done of pass p, nil where that is nothing.
func (r *run) earlierReport(p int) *EarlierReport {
	var e EarlierReport
	for _, rec := range r.records[p] {
		if rec != nil {
			e.Rows += rec.samples
			e.BytesIn += rec.bytesIn
			e.BytesOut += rec.bytesOut
		}
	}
	if e == (EarlierReport{}) {
		return nil
	}
	return &e
}

// A RoundReport is what a round after a pass found.
type RoundReport struct {
	Name  string  `json:"name"`
	Notes int64   `json:"notes"` // that it made: pairs, verdicts, or what else it finds
	S     float64 `json:"s"`     // seconds, on the clock of rank 0
}

// A RankReport is what one rank did in a pass, in the start that finished it.
// Times are seconds summed over the threads of the rank, sizes are bytes.
type RankReport struct {
	Rank      int     `json:"rank"`
	Host      string  `json:"host"`
	Rows      int64   `json:"rows"`       // this and the bytes in this start; see Earlier
	ReadAgain int64   `json:"read_again"` // bytes that an earlier start had begun to read
	BytesIn   int64   `json:"bytes_in"`
	BytesOut  int64   `json:"bytes_out"`
	Sent      int64   `json:"sent"`
	Received  int64   `json:"received"`
	ReadS     float64 `json:"read_s"`
	ComputeS  float64 `json:"compute_s"`
	ExchangeS float64 `json:"exchange_s"`
	WriteS    float64 `json:"write_s"`
	IdleS     float64 `json:"idle_s"`
	PeakMB    float64 `json:"peak_mb"` // resident set of the process so far
}

// A DamageEntry is a damaged row, with Rows the first of a run of them that could not be read,
// or with row -1 a shard that could not be read to its end.
type DamageEntry struct {
	Shard  string `json:"shard"`
	Row    int64  `json:"row"`
	Rows   int64  `json:"rows,omitempty"`
	Offset int64  `json:"offset"`
	Error  string `json:"error"`
}

// maxListed is how many damaged rows a report lists.
const maxListed = 10000

// A clock adds up what a rank does in a pass and its rounds. Any goroutine may add.
type clock struct {
	round.Clock
	rows, readAgain, bytesIn, bytesOut atomic.Int64
	read, write                        round.Duration
}

func (c *clock) report(rank int, host string) RankReport {
	return RankReport{
		Rank: rank, Host: host, Rows: c.rows.Load(), ReadAgain: c.readAgain.Load(),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(), Sent: c.Sent.Load(), Received: c.Received.Load(),
		ReadS: c.read.Seconds(), ComputeS: c.Compute.Seconds(), ExchangeS: c.Exchange.Seconds(),
		WriteS: c.write.Seconds(), IdleS: c.Idle.Seconds(), PeakMB: peakMB(),
	}
}

// peakMB returns the largest resident set of the process, in 10^6 bytes.
func peakMB() float64 { return math.Round(float64(progress.Peak())/1e5) / 10 }

// gatherReports returns the reports of all ranks on pass p at rank 0.
func (r *run) gatherReports(ctx context.Context, p int, c *clock) (PassReport, error) {
	own, err := json.Marshal(c.report(r.comm.Rank(), r.comm.Host()))
	if err != nil {
		return PassReport{}, err
	}
	parts, err := r.comm.Gather(ctx, own, 0)
	if err != nil {
		return PassReport{}, err
	}
	pass := PassReport{Ranks: []RankReport{}, Earlier: r.earlier[p]}
	for _, p := range parts {
		var rank RankReport
		if err := json.Unmarshal(p, &rank); err != nil {
			return pass, err
		}
		pass.Ranks = append(pass.Ranks, rank)
	}
	return pass, nil
}

// report makes the report from what is known so far. Only rank 0 knows the passes.
func (r *run) report() (*Report, error) {
	rep := &Report{
		Version: r.opt.Version, Started: r.started, Restarts: r.start,
		Stages: []StageReport{}, Passes: []PassReport{}, Damaged: []DamageEntry{}, Duplicates: r.duplicates,
	}
	for p := range r.passes {
		if pass, done := r.reports[p]; done {
			rep.Passes = append(rep.Passes, pass)
		}
	}
	for _, rec := range r.records[0] {
		if rec != nil {
			rep.RowsIn += rec.samples
			rep.RowsDamaged += rec.damaged
		}
	}
	rep.Stages = r.funnel(rep.RowsIn - rep.RowsDamaged)
	rep.RowsOut = rep.RowsIn - rep.RowsDamaged
	if n := len(rep.Stages); n > 0 {
		rep.RowsOut = rep.Stages[n-1].RowsOut
	}
	return rep, r.listDamage(rep)
}

// funnel counts the rows that go into and come out of each stage that has
// been counted.
func (r *run) funnel(rows int64) []StageReport {
	var funnel []StageReport
	for p, pass := range r.passes {
		n, trims := 0, 0
		for _, step := range pass.Steps {
			if step.Count {
				trims++ // where the counts of what was taken out begin
			}
		}
		for _, step := range pass.Steps {
			if !step.Count {
				continue
			}
			_, moves := step.Stage.(stages.Mover)
			s := StageReport{Name: step.Stage.Name(), Kind: stages.KindOf(step.Stage), RowsIn: rows, Clusters: r.clusters[step.Stage.Name()], Stats: r.summaries[step.Stage.Name()]}
			for _, rec := range r.records[p] {
				if rec != nil {
					s.RowsOut += rec.counts[n]
				}
			}
			for _, t := range stages.Trims(step.Stage) {
				s.addTrimmed(step.Stage, r.trimmed(p, trims, t))
				trims += trimCounts
			}
			if moves && r.arranged != nil {
				s.RowsOut = r.arranged.Rows
				s.Folders = r.folders()
				for _, p := range r.arranged.Sources {
					s.Sources = append(s.Sources, SourceReport{p.Source, p.Left, p.Given})
				}
			}
			n++
			rows = s.RowsOut
			funnel = append(funnel, s)
		}
		if !r.complete(p) {
			break
		}
	}
	if funnel == nil {
		funnel = []StageReport{}
	}
	return funnel
}

// addTrimmed puts what stage took out of texts, or replaced, into its report.
func (s *StageReport) addTrimmed(stage stages.Stage, t stages.Trimmed) {
	if trimmer, ok := stages.As[stages.Trimmer](stage); ok {
		s.Trimmed = &TrimReport{trimmer.Unit(), t.Texts, t.Parts, t.Bytes}
		return
	}
	s.Found = append(s.Found, FindReport{t.Kind, t.Texts, t.Parts, t.Bytes})
}

// trimmed adds to t what the counts of pass p from one on say.
func (r *run) trimmed(p, from int, t stages.Trimmed) stages.Trimmed {
	for _, rec := range r.records[p] {
		if rec != nil {
			t.Texts += rec.counts[from]
			t.Parts += rec.counts[from+1]
			t.Bytes += rec.counts[from+2]
		}
	}
	return t
}

// writeReport writes OUT/report.json.
func (r *run) writeReport(rep *Report) error {
	p, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	out, err := manifest.CreateAtomic(filepath.Join(r.job.Output, "report.json"))
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := out.Write(append(p, '\n')); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		return err
	}
	return manifest.SyncDirs(r.job.Output)
}
