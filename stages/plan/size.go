package plan

import "sluice/stages"

// What a process takes whatever it does: the program, the runtime, its heap
// between collections. Measured; bench/results/plan.json has the check.
const baseMemory = 24 << 20

// entry is what a sorter holds per record in memory, besides the payload.
const entry = 32

// size computes memory and scratch. The model follows stages.Budget: what a
// rank may take, and no more than the input makes it take.
func (p *Plan) size(s *sampled) {
	o := p.Options
	streams := max(1, p.Job.Threads)
	b := stages.NewBudget(p.room, streams)
	base, local := int64(baseMemory), int64(o.RanksPerNode)
	if o.Processes {
		base, local = base+mpiMemory, 1
	}
	share := p.share(s)
	var most int64
	for _, c := range p.Passes {
		for _, r := range c.Rounds {
			var sorters, spilled int64
			for _, in := range r.most {
				own, room := int64(float64(in.memory())*share), int64(in.share*float64(b.Sort))
				sorters += min(own, room)
				if own > room {
					spilled += int64(float64(in.disk()) * share)
				}
			}
			exchange := min(b.Exchange, slots(r.Asked.Bytes, o.Ranks)+slots(r.Answered.Bytes, o.Ranks))
			most = max(most, sorters+exchange)
			p.Scratch = max(p.Scratch, spilled)
			p.State += r.table
		}
		p.State += c.Notes.Bytes + c.Removed.Bytes
		if !c.Last() {
			p.State += p.Rows / 8
		}
	}
	p.Memory = base + p.reading(s, b, streams) + p.noting(b, streams) + local*(most+p.Job.Memory-p.room)
	p.Memory = min(p.Memory, local*p.Job.Memory+100_000_000)
}

// share is how much of what all ranks hold together a rank holds: an equal part
// where they share a process, and otherwise that of the largest home.
func (p *Plan) share(s *sampled) float64 {
	n := len(s.homes) - 1
	most := 1 / float64(n)
	if !p.Options.Processes || p.Bytes == 0 {
		return most
	}
	for k := range n {
		var own int64
		for _, b := range s.blocks[s.homes[k]:s.homes[k+1]] {
			own += b.Bytes
		}
		most = max(most, float64(own)/float64(p.Bytes))
	}
	return most
}

// noting is what the notes of the batches under way take in a process: half of these
// wait to be looked at.
func (p *Plan) noting(b stages.Budget, streams int) int64 {
	readers := int64(streams)
	if !p.Options.Processes {
		readers *= int64(p.Options.RanksPerNode)
	}
	readers = min(readers, int64(p.Blocks))
	var notes int64
	for _, c := range p.Passes {
		notes = max(notes, c.Notes.Bytes)
	}
	batches := max(float64(p.Bytes)/float64(b.Batch), 1)
	return min(int64(float64(readers)*stages.InFlight/2*float64(notes)/batches), notes)
}

// slots is how much of the slots of an exchange a traffic of so many bytes
// touches on one rank: one in use and one under way for each other rank.
func slots(bytes int64, ranks int) int64 {
	if ranks < 2 {
		return 0
	}
	return min(bytes/int64(ranks), int64(ranks)*4<<20)
}
