package pipeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"sluice/mpi"
	"sluice/stages"
)

// A ClusterReport is what clusters a dedup found: a sample that stays and all
// that were removed, or marked, for its sake.
type ClusterReport struct {
	Count   int64        `json:"count"`
	Samples int64        `json:"samples"` // in all of them, keepers included
	Sizes   []SizeReport `json:"sizes"`   // up to those of the largest
	Largest []Cluster    `json:"largest"` // the largest first, of equal ones that with the first keeper
}

// A SizeReport counts the clusters of From to To samples.
type SizeReport struct {
	From     int64 `json:"from"`
	To       int64 `json:"to"`
	Clusters int64 `json:"clusters"`
	Samples  int64 `json:"samples"` // in them
}

// A Cluster is one of the largest of a dedup.
type Cluster struct {
	ID    string `json:"id"` // of the keeper
	Shard string `json:"shard"`
	Row   int64  `json:"row"`
	Size  int64  `json:"size"`
	Text  string `json:"text"` // how the keeper's text begins
}

const (
	maxLargest = 10 // clusters that a report shows of a stage
	classes    = 64 // of sizes: class k has sizes above 2^(k-1), up to 2^k
)

// A tally counts the clusters of one stage.
type tally struct {
	clusters, samples [classes]uint64 // by class
	largest           []sized
}

// A sized is a cluster among the largest that a rank has seen.
type sized struct {
	size     int64
	keeper   stages.ID
	id, text []byte
}

// compareSized orders clusters, those first that are to be shown.
func compareSized(a, b sized) int {
	return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.keeper, b.keeper))
}

// add counts a cluster. It keeps nothing of c but copies.
func (t *tally) add(c sized) {
	class := bits.Len64(uint64(c.size - 1))
	t.clusters[class]++
	t.samples[class] += uint64(c.size)
	if len(t.largest) == maxLargest && compareSized(c, t.largest[maxLargest-1]) > 0 {
		return
	}
	c.id, c.text = slices.Clone(c.id), slices.Clone(c.text)
	t.show(c)
}

// show puts a cluster among the largest, if it is one of them.
func (t *tally) show(c sized) {
	at, _ := slices.BinarySearchFunc(t.largest, c, compareSized)
	t.largest = slices.Insert(t.largest, at, c)
	t.largest = t.largest[:min(len(t.largest), maxLargest)]
}

// sumClusters adds up the tallies of all ranks, by stage, and makes the reports at
// rank 0. It is collective.
func (r *run) sumClusters(ctx context.Context, tallies []tally) error {
	var sums []uint64
	var own []byte
	for i := range tallies {
		t := &tallies[i]
		sums = append(append(sums, t.clusters[:]...), t.samples[:]...)
		for _, c := range t.largest {
			own = binary.AppendUvarint(own, uint64(i))
			own = binary.AppendUvarint(own, uint64(c.size))
			own = binary.LittleEndian.AppendUint64(own, uint64(c.keeper))
			own = appendBytes(appendBytes(own, c.id), c.text)
		}
	}
	if err := r.comm.AllReduce(ctx, sums, mpi.Sum); err != nil {
		return err
	}
	parts, err := r.comm.Gather(ctx, own, 0)
	if err != nil || r.comm.Rank() != 0 {
		return err
	}
	all := make([]tally, len(tallies))
	for i := range all {
		n := copy(all[i].clusters[:], sums)
		copy(all[i].samples[:], sums[n:])
		sums = sums[2*n:]
	}
	for _, p := range parts {
		for d := (decoder{p: p}); len(d.p) > 0; {
			stage := d.uint()
			c := sized{size: int64(d.uint()), keeper: stages.ID(d.uint64()), id: d.bytes(), text: d.bytes()}
			if d.short || stage >= uint64(len(all)) {
				return errShort
			}
			all[stage].show(c)
		}
	}
	r.clusters = map[string]*ClusterReport{}
	for i := range all {
		if rep := r.clusterReport(&all[i]); rep.Count > 0 {
			r.clusters[r.stages[i].Name()] = rep
		}
	}
	return nil
}

// clusterReport makes a report of what all ranks counted.
func (r *run) clusterReport(t *tally) *ClusterReport {
	rep := &ClusterReport{Sizes: []SizeReport{}, Largest: []Cluster{}}
	for _, c := range t.largest {
		shard, row := r.locate(c.keeper)
		id := string(c.id)
		if id == "" {
			id = rowName(shard, row)
		}
		rep.Largest = append(rep.Largest, Cluster{ID: id, Shard: shard, Row: row, Size: c.size, Text: string(c.text)})
	}
	last := 0
	for k, n := range t.clusters {
		rep.Count += int64(n)
		rep.Samples += int64(t.samples[k])
		if n > 0 {
			last = k
		}
	}
	for k := 1; k <= last; k++ {
		from := int64(1)<<(k-1) + 1
		to := int64(math.MaxInt64)
		if k < classes-1 {
			to = 1 << k
		}
		rep.Sizes = append(rep.Sizes, SizeReport{from, to, int64(t.clusters[k]), int64(t.samples[k])})
	}
	return rep
}
