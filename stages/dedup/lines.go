package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"sluice/stages"
	"sluice/stages/scan"
)

// Lines is the table of dedup.lines.
type Lines struct {
	Unit         string   `toml:"unit" doc:"what is compared: line, paragraph (with blank lines between), span of sentences"`
	Sentences    int64    `toml:"sentences" doc:"of a span"`
	Normalize    []string `toml:"normalize" doc:"compare after: lower, whitespace, punctuation, digits, nfc, nfkc"`
	MinLength    int64    `toml:"min_length" doc:"code points, after normalize; shorter ones are not compared, and stay"`
	MinDocuments int64    `toml:"min_documents" doc:"what occurs in so many documents goes; in one document it counts once"`
	Keep         string   `toml:"keep" doc:"whose stays: first, last, longest, max:COLUMN, min:COLUMN; none, as CCNet has it"`
	Repeats      string   `toml:"repeats" doc:"within a document: keep, or drop all but the first, as C4 and CCNet do"`
	MinLeft      int64    `toml:"min_left" doc:"code points; a document that lost some and has fewer left goes"`
}

// DefaultLines keeps one of all equal lines, in the first document that has it.
func DefaultLines() Lines {
	return Lines{
		Unit: "line", Sentences: 3, Normalize: []string{"lower", "whitespace"}, MinLength: 1,
		MinDocuments: 2, Keep: "first", Repeats: "keep", MinLeft: 1,
	}
}

type lines struct {
	common  stages.Common
	unit    string
	units   units
	judging judging
	keep    keep
	minLeft int
	workers sync.Pool // of *noter
}

// NewLines returns the stage that removes from texts the units, which are lines,
// paragraphs or spans of some sentences, that occur in min_documents documents or more.
// Units are equal if 96 bits of XXH3's hash of their normalised texts are: among 10^12
// of them one in 10^5 runs has a false match.
//
// The document that keep puts first keeps the unit, and all others lose it, wherever it
// occurs in them; with "none" all lose it. With repeats = "drop" a unit that stays
// in a document stays there once, however many other documents have it. Of spans that overlap each is
// judged by itself: a sentence goes if any span goes that it is part of, and a document of fewer
// sentences than a span has is not compared.
//
// What is left is what a text is after its units are split, some are taken out, and the
// others are joined by what stood between them. How the text ends does not change. A document
// that loses nothing stays as it is, whatever min_left says.
//
// The rule of C4 (Raffel et al., JMLR 2020; what they ran compares lines, each kept once, stripped and in lower
// case) is that of the defaults with repeats = "drop"; its paper speaks of spans of three
// sentences: unit = "span". The rule of CCNet (Wenzek et al., LREC 2020) is
//
//	normalize = ["lower", "digits", "punctuation", "whitespace"], min_length = 0, keep = "none", repeats = "drop"
//
// but for ASCII punctuation, which it compares, control characters, which it leaves out, and its hash, of 64 bits.
func NewLines(c stages.Common, o Lines) ([]stages.Stage, error) {
	l := &lines{common: c, unit: o.Unit, minLeft: int(o.MinLeft)}
	var errs []error
	check := func(err error) { errs = append(errs, err) }
	var err error
	l.units, err = newUnits(o)
	check(err)
	if l.keep.rule = o.Keep; o.Keep != "none" {
		if l.keep, err = parseKeep(o.Keep); err != nil {
			check(fmt.Errorf("%w, none", err))
		}
	}
	check(oneOf("repeats", o.Repeats, "keep", "drop"))
	check(atLeast("min_documents", o.MinDocuments, 2))
	check(atLeast("min_left", o.MinLeft, 0))
	check(l.refuse(c))
	l.judging = judging{documents: o.MinDocuments, keeps: o.Keep != "none", dropRepeats: o.Repeats == "drop", span: l.units.span()}
	l.workers.New = func() any { return &noter{hasher: hasher{units: &l.units}} }
	return []stages.Stage{l}, errors.Join(errs...)
}

// refuse says which of the common keys mean nothing here.
func (l *lines) refuse(c stages.Common) error {
	var errs []error
	if c.Action == "mark" {
		errs = append(errs, errors.New("action = \"mark\": lines are removed from texts, and no document is marked\nremove the key"))
	}
	if c.Score != "" {
		errs = append(errs, fmt.Errorf("score = %q: dedup of lines has no score\nremove the key", c.Score))
	}
	if c.Invert {
		errs = append(errs, errors.New("invert does not apply to a dedup\nremove the key"))
	}
	return errors.Join(errs...)
}

// atLeast checks the value of a key.
func atLeast(key string, value, least int64) error {
	if value < least {
		return fmt.Errorf("%s = %d is less than %d", key, value, least)
	}
	return nil
}

func (l *lines) Name() string { return l.common.Name }

func (l *lines) Columns() stages.Columns {
	text := stages.Need{Name: l.common.Column, Type: stages.Text}
	c := stages.Columns{Reads: []stages.Need{text}, Changes: []string{text.Name}}
	for _, n := range l.keep.needs(text.Name) {
		if n != text {
			c.Reads = append(c.Reads, n)
		}
	}
	return c
}

// Tables: notes are those of a noter, answers lists of positions.
func (l *lines) Tables() stages.Tables {
	return stages.Tables{Notes: l.Name() + ".units", Apply: l.Name() + ".removed"}
}

// Note notes what occurs in each row.
func (l *lines) Note(_ context.Context, b *stages.Batch, _ []stages.Note, note func(stages.Note)) error {
	orders, err := l.keep.orders(b, l.common.Column)
	if err != nil {
		return err
	}
	w := l.workers.Get().(*noter)
	defer l.workers.Put(w)
	text := b.Column(l.common.Column).Text
	for i, kept := range b.Keep {
		if kept {
			w.note(text[i], orders[i], func(payload []byte) { note(stages.Note{Sample: b.ID(i), Payload: payload}) })
		}
	}
	return nil
}

// Rounds is one round by the hashes of units.
func (l *lines) Rounds() []stages.Round {
	return []stages.Round{{Name: l.Name() + ": units", Makes: l.Tables().Apply, Run: l.meet}}
}

// meet asks for each unit of each document under the upper half of its hash.
func (l *lines) meet(ctx context.Context, m stages.Meeting) (stages.Notes, error) {
	j := &judge{judging: l.judging, room: m.Room() / 4, sorter: m.Sorter}
	var a asker
	return packed(m.ByKey(ctx, stages.ByKey{Judge: j.judge, Ask: func(ask func(stages.Question) error) error {
		return m.Home(ctx, func(id stages.ID, notes [][]stages.Note) error {
			for _, n := range notes[0] {
				if err := a.ask(id, n.Payload, ask); err != nil {
					return err
				}
			}
			return nil
		}, l.Tables().Notes)
	}}))
}

// Unit implements stages.Trimmer. Spans overlap, and what goes is sentences.
func (l *lines) Unit() string {
	if l.units.sentences > 0 {
		return "sentence"
	}
	return l.unit
}

// Apply takes out of each row what was found.
func (l *lines) Apply(_ context.Context, b *stages.Batch, notes []stages.Note) error {
	c := b.Column(l.common.Column)
	cut := cutter{units: &l.units}
	trimmed := stages.Trimmed{Stage: l.Name()}
	for len(notes) > 0 {
		id, n := notes[0].Sample, 1
		for n < len(notes) && notes[n].Sample == id {
			n++
		}
		if i := int(id.Row() - b.First); b.Keep[i] {
			left, err := cut.without(c.Text[i], notes[:n])
			if err != nil {
				return err
			}
			trimmed.Texts++
			trimmed.Parts += cut.parts()
			trimmed.Bytes += int64(len(c.Text[i]) - len(left))
			if c.SetText(i, left); scan.CodePoints(bytes.TrimSpace(left)) < l.minLeft {
				b.Drop(i)
			}
		}
		notes = notes[n:]
	}
	if trimmed.Texts > 0 {
		b.Trimmed = append(b.Trimmed, trimmed)
	}
	return nil
}
