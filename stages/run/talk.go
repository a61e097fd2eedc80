package run

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sluice/stages"
	"sluice/stages/format"
)

// A talk is what is said about one batch.
type talk struct {
	stage   *stage
	batch   *stages.Batch
	columns []*stages.Column // by field
	rows    []int            // that are not answered
	given   []int            // in this exchange: by row, its place, from 1
	sent    atomic.Int64     // rows that were handed over
	texts   stages.Texts
	answer  answer
}

// A death is an end of the program, or a silence, that one row may be the cause of.
type death struct {
	text string
	late bool // a silence
}

func (d *death) Error() string { return d.text }

func newTalk(s *stage, b *stages.Batch) *talk {
	t := &talk{stage: s, batch: b, given: make([]int, b.Len())}
	for _, f := range s.fields {
		if f.adds != "" {
			b.Add(f.name)
		}
	}
	for _, f := range s.fields {
		t.columns = append(t.columns, b.Column(f.name))
	}
	for i, keep := range b.Keep {
		if keep {
			t.rows = append(t.rows, i)
		}
	}
	return t
}

// prune takes the rows out of the list that are answered.
func (t *talk) prune() {
	t.rows = slices.DeleteFunc(t.rows, func(i int) bool { return t.given[i] < 0 })
}

const answered = -1

// exchange sends rows to a process and takes its answers.
func (t *talk) exchange(ctx context.Context, rows []int) error {
	if t.stage.halted.Load() {
		return stages.ErrStopped
	}
	p, err := t.stage.take(ctx)
	if err != nil {
		return err
	}
	for _, i := range t.rows {
		t.given[i] = 0
	}
	for k, i := range rows {
		t.given[i] = k + 1
	}
	t.sent.Store(0)
	stop := context.AfterFunc(ctx, p.kill)
	defer context.AfterFunc(stages.Stopping(ctx), func() { p.hurry(t.stage.grace) })()
	wrote := make(chan error, 1)
	go func() { wrote <- t.send(p, rows) }()
	err = t.listen(p, rows)
	if err == nil {
		// All is answered, so all was read but perhaps the end mark.
		_ = p.within(p.in.SetWriteDeadline)
		if err = <-wrote; err != nil && !p.isHurried() {
			err = t.deathOf(p, rows, "takes no more rows")
		}
		_ = p.in.SetWriteDeadline(time.Time{})
		if err == nil && stop() {
			t.stage.give(p)
			return nil
		}
		p.kill()
	} else {
		stop()
		p.kill() // which closes the pipe that is written to
		<-wrote
	}
	t.stage.leave()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil && t.stops(ctx, p) {
		t.stage.halt()
		return stages.ErrStopped
	}
	return err
}

// stops says that what went wrong with a program, which is gone, may be because the rank is to stop: the signal for that
// may have reached the program first. What is wrong besides shows again when the block is read again.
func (t *talk) stops(ctx context.Context, p *process) bool {
	stopping := stages.Stopping(ctx)
	if stopping.Err() == nil && p.signaled() {
		select {
		case <-stopping.Done():
		case <-time.After(signalWait):
		}
	}
	return stopping.Err() != nil
}

// halt notes that a program was ended because the rank is to stop.
func (s *stage) halt() {
	if !s.halted.Swap(true) {
		s.log.show([]byte("the job is to stop and the program has not answered: its rows are read again by the next start"))
	}
}

// send writes the rows to the process.
func (t *talk) send(p *process, rows []int) error {
	w := bufio.NewWriterSize(p.in, 1<<16)
	var line []byte
	for _, i := range rows {
		line = append(line[:0], `{"row": `...)
		line = strconv.AppendInt(line, t.batch.First+int64(i), 10)
		for k, f := range t.stage.fields {
			if f.adds != "" {
				continue
			}
			line = append(line, f.key...)
			line = t.append(line, k, i)
		}
		line = append(line, "}\n"...)
		t.sent.Add(1) // before it can be answered
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	if t.stage.Flush {
		if err := w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return w.Flush()
}

// append appends the value of field k in row i as JSON.
func (t *talk) append(line []byte, k, i int) []byte {
	if c := t.columns[k]; !t.stage.fields[k].text {
		return format.AppendScalar(line, c.Values[i])
	} else if c.Text[i] != nil {
		return format.AppendString(line, c.Text[i])
	}
	return append(line, "null"...)
}

// listen takes the answers to rows.
func (t *talk) listen(p *process, rows []int) error {
	for left := len(rows); left > 0; {
		line, err := p.line()
		switch {
		case err == nil && len(bytes.TrimSpace(line)) == 0:
			continue
		case errors.Is(err, io.EOF):
			return t.deathOf(p, rows, p.last())
		case errors.Is(err, errLate):
			p.kill()
			if p.isHurried() {
				return stages.ErrStopped
			}
			return t.deathOf(p, rows, fmt.Sprintf("gave no answer for %v", t.stage.Timeout))
		case err != nil:
			return t.wrong(p, line, err)
		}
		if err := t.take(line); err != nil {
			if failed, ok := errors.AsType[*rowError](err); ok {
				return fmt.Errorf("%s cannot do %s: %s\nmend the program or the row, or write on_error = \"drop\"", t.stage.program(), t.place(failed.row), failed.text)
			}
			return t.wrong(p, line, err)
		}
		t.stage.answers.Add(1)
		left--
	}
	if p.lines.Buffered() > 0 {
		line, _ := p.lines.Peek(min(p.lines.Buffered(), 1<<10))
		if len(bytes.TrimSpace(line)) > 0 {
			return t.wrong(p, line, errors.New("more lines than rows"))
		}
	}
	return nil
}

// A rowError is what the program says of a row that it cannot do.
type rowError struct {
	row  int
	text string
}

func (e *rowError) Error() string { return e.text }

// take takes one answer.
func (t *talk) take(line []byte) error {
	a := &t.answer
	if err := a.parse(line); err != nil {
		return err
	}
	row, err := a.row()
	if err != nil {
		return err
	}
	i := row - t.batch.First
	if i < 0 || i >= int64(len(t.given)) || t.given[i] == 0 {
		return fmt.Errorf("row %d was not asked about", row)
	}
	if t.given[i] == answered {
		return fmt.Errorf("row %d is answered twice", row)
	}
	if int64(t.given[i]) > t.sent.Load() {
		return fmt.Errorf("row %d was not sent yet", row)
	}
	if text, failed := a.failure(); failed {
		if t.stage.OnError != "drop" {
			return &rowError{int(i), text}
		}
		t.drop(int(i), text)
		return nil
	}
	if a.half {
		return fmt.Errorf("of %s a string has half of a surrogate pair, which is no character\ncut texts between characters, or write \"\\ufffd\" in its place", t.place(int(i)))
	}
	for k := range a.members {
		if err := t.set(&a.members[k], int(i)); err != nil {
			return err
		}
	}
	t.given[i] = answered
	return nil
}

// drop takes out a row that the program cannot do.
func (t *talk) drop(i int, why string) {
	why, _, _ = strings.Cut(why, "\n")
	t.stage.log.show(fmt.Appendf(nil, "dropped %s: %s", t.place(i), why))
	t.given[i] = answered
	t.batch.Drop(i)
}

// set does to row i what a member of the answer asks for.
func (t *talk) set(m *member, i int) error {
	switch string(m.key) {
	case "row", "error":
		return nil
	case "keep":
		if m.kind != stages.Bool {
			return errors.New("keep is neither true nor false")
		}
		if m.value.Int == 0 {
			t.batch.Drop(i)
		}
		return nil
	}
	for k := range t.stage.fields {
		if f := &t.stage.fields[k]; f.name == string(m.key) {
			return t.setField(f, t.columns[k], m, i)
		}
	}
	return fmt.Errorf("column %q is none that the stage adds or changes\nwrite adds = {%s = \"TYPE\"}, or leave it out of the answer", m.key, m.key)
}

// setField sets field f of row i.
func (t *talk) setField(f *field, c *stages.Column, m *member, i int) error {
	v := m.value
	switch {
	case f.adds != "":
		v, err := m.as(f.adds)
		if err != nil {
			return err
		}
		if v.Kind == stages.String {
			v.Str = t.texts.Copy(v.Str)
		}
		c.Values[i] = v
		return nil
	case f.text && v.Kind == stages.Null && c.Text[i] == nil, f.text && v.Kind == stages.String && c.Text[i] != nil && bytes.Equal(v.Str, c.Text[i]):
		return nil
	case !f.text && same(v, c.Values[i]):
		return nil
	case !f.changes:
		return fmt.Errorf("column %q is not as it was sent\nwrite changes = [%q], or leave it out of the answer", f.name, f.name)
	}
	if v.Kind == stages.String {
		v.Str = t.texts.Copy(v.Str)
	}
	if c.Type == stages.Text {
		if v.Kind != stages.String {
			return fmt.Errorf("column %q is text and the answer has none in it\nanswer with \"keep\": false if the row is to go", f.name)
		}
		c.SetText(i, v.Str)
		if c.Values != nil {
			c.Values[i] = v
		}
		return nil
	}
	c.Set(i, v)
	return nil
}

// same says whether two values mean the same: 1 and 1.0 do.
func same(a, b stages.Scalar) bool {
	number := func(v stages.Scalar) (float64, bool) {
		if v.Kind == stages.Int {
			return float64(v.Int), true
		}
		return v.Float, v.Kind == stages.Float
	}
	if a.Kind == b.Kind && a.Kind != stages.Float {
		return a.Int == b.Int && bytes.Equal(a.Str, b.Str)
	}
	x, ok := number(a)
	y, also := number(b)
	return ok && also && x == y
}

// program names the program in messages.
func (s *stage) program() string { return strings.Join(s.Command, " ") }

// place says which row is meant, so that it can be found in the shard, in the same words on any rank.
func (t *talk) place(i int) string {
	return fmt.Sprintf("%s, in %s", format.Where(t.batch, i), t.batch.Shard.Name)
}

// deathOf says how the program ended, and at which row.
func (t *talk) deathOf(p *process, rows []int, how string) error {
	p.kill()
	first := slices.IndexFunc(rows, func(i int) bool { return t.given[i] != answered })
	at := "after its last row"
	if first >= 0 {
		i := rows[first]
		at = fmt.Sprintf("with %s not answered", t.place(i))
		for k, f := range t.stage.fields {
			if f.adds == "" {
				at += fmt.Sprintf("; its %s: %s", f.name, cut(t.append(nil, k, i), 100))
				break
			}
		}
	}
	hint, late := "", strings.HasPrefix(how, "gave no answer")
	if late {
		hint = "\nraise timeout, or see that the program flushes its output: a line that waits in its buffer is no answer\n" +
			"with flush = true it is told where a batch ends"
	}
	return &death{fmt.Sprintf("%s %s, %s%s%s", t.stage.program(), how, at, p.words(), hint), late}
}

// wrong says what is wrong with an answer.
func (t *talk) wrong(p *process, line []byte, err error) error {
	p.kill()
	what, hint, _ := strings.Cut(err.Error(), "\n")
	if hint == "" {
		hint = "standard output is for answers, one JSON object a line; write all else to standard error"
	}
	return fmt.Errorf("%s gave a wrong answer: %s: %s\n%s", t.stage.program(), what, cut(bytes.TrimSpace(line), 200), hint)
}

// cut returns the begin of a text on one line.
func cut(text []byte, most int) string {
	dots := ""
	if len(text) > most {
		text, dots = text[:most], "..."
	}
	return string(bytes.ToValidUTF8(text, nil)) + dots
}
