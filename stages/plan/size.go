package plan

import (
	"sluice/stages"
	"sluice/stages/round"
)

// What a process takes whatever it does: the program, the runtime, its heap
// between collections. Measured; bench/results/plan.json has the check.
const baseMemory = 24 << 20

// entry is what a sorter holds per record, besides the payload.
const entry = 32

// size computes memory and scratch. The model follows stages.Budget: what a
// rank may take, and no more than the input makes it take.
func (p *Plan) size(s *sampled) {
	o := p.Options
	streams := max(1, p.Job.Threads)
	b := stages.NewBudget(p.Job.Memory, streams)
	local := int64(o.RanksPerNode)
	if o.Processes {
		local = 1
	}
	ranks := int64(o.Ranks)
	per := p.batches(b, streams)
	var most int64
	for _, c := range p.Passes {
		for _, r := range c.Rounds {
			asked, answered := perRank(r.Asked, ranks), perRank(r.Answered, ranks)
			exchange := min(b.Exchange, slots(r.Asked.Bytes, o.Ranks)+slots(r.Answered.Bytes, o.Ranks))
			most = max(most, min(asked, b.Sort)+min(answered, b.Sort)+exchange)
			if asked > b.Sort {
				p.Scratch = max(p.Scratch, asked)
			}
			if answered > b.Sort {
				p.Scratch = max(p.Scratch, asked+answered)
			}
			p.State += r.Answered.Bytes
		}
		p.State += c.Notes.Bytes
		if !c.Last() {
			p.State += p.Rows / 8
		}
	}
	p.Memory = baseMemory + local*(per+most)
	p.Memory = min(p.Memory, local*p.Job.Memory+100_000_000)
}

// batches is what the batches under way take on a rank.
func (p *Plan) batches(b stages.Budget, streams int) int64 {
	const expand = 3
	each := int64(b.Batch)
	if p.Blocks > 0 {
		each = min(each, max(p.Bytes/int64(p.Blocks), 4<<10))
	}
	return int64(streams) * stages.InFlight * each * expand
}

// perRank is what the sorter of a rank holds of a traffic.
func perRank(t Traffic, ranks int64) int64 {
	return (t.Bytes - t.Records*(round.HeaderSize-1) + t.Records*entry) / ranks
}

// slots is how much of the slots of an exchange a traffic of so many bytes
// touches on one rank: one in use and one under way for each other rank.
func slots(bytes int64, ranks int) int64 {
	if ranks < 2 {
		return 0
	}
	return min(bytes/int64(ranks), int64(ranks)*4<<20)
}
