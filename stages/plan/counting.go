package plan

import (
	"context"
	"iter"
	"math/bits"

	"sluice/stages"
	"sluice/stages/round"
)

// A counting is the meeting of the one rank that holds the rounds of a plan. It
// counts what the ranks of the job, whose homes are known, will send each
// other, and what their sorters will hold at a time.
type counting struct {
	stages.Meeting
	homes []int // of the job's ranks
	sent  int64
	most  held    // when all sorters together hold the most
	live  Traffic // in sorters and notes that outlast a question

	seen []int // by rank: the last sample that it asked about, as counted
	turn int
}

// A held is what sorters hold at a time, over all ranks.
type held []sorter

// A sorter holds payloads of so many bytes, and at most a share of
// stages.Budget.Sort in memory.
type sorter struct {
	Traffic
	share float64
}

func (s sorter) memory() int64 { return s.Bytes + s.Records*entry }
func (s sorter) disk() int64   { return s.Bytes + s.Records*round.HeaderSize }

func (h held) memory() (n int64) {
	for _, s := range h {
		n += s.memory()
	}
	return n
}

// moment takes note of what is held at a time, besides what lives longer.
func (c *counting) moment(h ...sorter) {
	h = append(h, sorter{c.live, 1})
	if held(h).memory() > c.most.memory() {
		c.most = h
	}
}

func (c *counting) ranks() int { return len(c.homes) - 1 }

func (c *counting) home(id stages.ID) int { return round.HomeOf(c.homes, id.Block()) }

// wire is what a record with a payload of so many bytes takes on the way.
func wire(payload int) int64 {
	return int64(round.HeaderSize + payload + max(0, (bits.Len(uint(payload))+6)/7-1))
}

// ByKey implements stages.Meeting. Keys spread evenly over the ranks, wherever
// questions come from and answers go to.
func (c *counting) ByKey(ctx context.Context, k stages.ByKey) (stages.Notes, error) {
	var sent int64
	var asked, answered Traffic
	ask, judge := k.Ask, k.Judge
	k.Ask = func(to func(stages.Question) error) error {
		return ask(func(q stages.Question) error {
			sent += wire(len(q.Payload))
			asked.add(1, len(q.Payload))
			return to(q)
		})
	}
	k.Judge = func(ctx context.Context, key uint64, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
		return judge(ctx, key, questions, func(n stages.Note) error {
			sent += wire(len(n.Payload))
			answered.add(1, len(n.Payload))
			return answer(n)
		})
	}
	notes, err := c.Meeting.ByKey(ctx, k)
	c.sent += sent * int64(c.ranks()-1) / int64(c.ranks())
	c.moment(sorter{asked, 1}, sorter{answered, 1})
	return c.keepNotes(notes, answered), err
}

// Fetch implements stages.Meeting. Questions stay where they are asked; requests,
// records, and answers about the sample itself travel between homes.
func (c *counting) Fetch(ctx context.Context, f stages.Fetch) (stages.Notes, error) {
	var wants, requests, records, answers Traffic
	ask, judge := f.Ask, f.Judge
	f.Ask = func(to func(stages.Question) error) error {
		return ask(func(q stages.Question) error {
			wants.add(1, len(q.Payload))
			return to(q)
		})
	}
	f.Judge = func(ctx context.Context, about stages.ID, record []byte, questions iter.Seq[stages.Question], answer func(stages.Note) error) error {
		next, stop := iter.Pull(questions)
		defer stop()
		asking := c.asking(about)
		var own int64 // answers about the sample that was asked about
		err := judge(ctx, about, record, asking.pass(next), func(n stages.Note) error {
			answers.add(1, len(n.Payload))
			if n.Sample == about {
				own += wire(len(n.Payload))
			}
			return answer(n)
		})
		if err != nil {
			return err
		}
		for range asking.pass(next) { // the judge may have seen enough
		}
		requests.add(int(asking.ranks), 0)
		records.add(int(asking.ranks), int(asking.ranks)*len(record))
		c.sent += asking.others * (wire(0) + wire(len(record)) + own)
		return nil
	}
	notes, err := c.Meeting.Fetch(ctx, f)
	const third = 2.0 / 3
	last := sorter{answers, third}
	if first := (sorter{requests, third}); first.memory() > last.memory() {
		last = first // requests are gone by the time that answers come
	}
	c.moment(sorter{wants, third}, sorter{records, third}, last)
	return c.keepNotes(notes, answers), err
}

// An asking counts the ranks that ask about a sample.
type asking struct {
	c             *counting
	home          int
	ranks, others int64 // that ask; that are not its home
}

func (c *counting) asking(about stages.ID) *asking {
	if c.seen == nil {
		c.seen = make([]int, c.ranks())
	}
	c.turn++
	return &asking{c: c, home: c.home(about)}
}

// pass passes questions on, and counts the homes that they come from.
func (a *asking) pass(next func() (stages.Question, bool)) iter.Seq[stages.Question] {
	return func(yield func(stages.Question) bool) {
		for q, ok := next(); ok; q, ok = next() {
			if rank := a.c.home(q.Sample); a.c.seen[rank] != a.c.turn {
				a.c.seen[rank] = a.c.turn
				a.ranks++
				if rank != a.home {
					a.others++
				}
			}
			if !yield(q) {
				return
			}
		}
	}
}

// Sorter implements stages.Meeting.
func (c *counting) Sorter() stages.Sorter { return &liveSorter{Sorter: c.Meeting.Sorter(), c: c} }

// keepNotes returns notes that take so much until they are closed.
func (c *counting) keepNotes(notes stages.Notes, t Traffic) stages.Notes {
	if notes == nil {
		return nil
	}
	c.live.plus(t, 1)
	return &liveNotes{notes, c, t}
}

// plus adds or takes away.
func (t *Traffic) plus(u Traffic, sign int64) {
	t.Records += sign * u.Records
	t.Bytes += sign * u.Bytes
}

type liveSorter struct {
	stages.Sorter
	c    *counting
	held Traffic
}

func (s *liveSorter) Add(n stages.Note) error {
	s.held.add(1, len(n.Payload))
	s.c.live.add(1, len(n.Payload))
	return s.Sorter.Add(n)
}

func (s *liveSorter) Sorted() (stages.Notes, error) {
	s.c.moment()
	notes, err := s.Sorter.Sorted()
	if err != nil {
		return nil, err
	}
	n := &liveNotes{notes, s.c, s.held}
	s.held = Traffic{}
	return n, nil
}

func (s *liveSorter) Close() error {
	s.c.live.plus(s.held, -1)
	s.held = Traffic{}
	return s.Sorter.Close()
}

type liveNotes struct {
	stages.Notes
	c    *counting
	held Traffic
}

func (n *liveNotes) Close() error {
	n.c.live.plus(n.held, -1)
	n.held = Traffic{}
	return n.Notes.Close()
}
