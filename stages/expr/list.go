package expr

import (
	"bytes"
	"unicode/utf8"
)

// A list holds values, or the parts of a text, which are found as they are wanted: so the
// parts of a long text take no memory.
type list struct {
	values          []Value
	split           bool
	text, separator []byte
}

// A cursor goes through the items of a list.
type cursor struct {
	list *list
	next int    // item of values
	rest []byte // of the text
	over bool
}

// items returns a cursor at the first item; of nil there is none.
func (l *list) items() cursor {
	if l == nil {
		return cursor{over: true}
	}
	return cursor{list: l, rest: l.text, over: l.split && len(l.text) == 0 && len(l.separator) == 0}
}

// take returns the next item, and false after the last.
func (c *cursor) take() (Value, bool) {
	if c.over {
		return Value{}, false
	}
	if !c.list.split {
		if c.next == len(c.list.values) {
			return Value{}, false
		}
		c.next++
		return c.list.values[c.next-1], true
	}
	i, n := bytes.Index(c.rest, c.list.separator), len(c.list.separator)
	if n == 0 { // code points
		if _, i = utf8.DecodeRune(c.rest); i == len(c.rest) {
			i = -1
		}
	}
	if i < 0 {
		c.over = true
		return text(c.rest), true
	}
	part := c.rest[:i:i]
	c.rest = c.rest[i+n:]
	return text(part), true
}

func (l *list) len() int {
	switch {
	case !l.split:
		return len(l.values)
	case len(l.separator) == 0:
		return utf8.RuneCount(l.text)
	}
	return bytes.Count(l.text, l.separator) + 1
}

// at returns item i, counted from the end where negative; null where there is none.
func (l *list) at(i int64) Value {
	if i < 0 {
		i += int64(l.len())
	}
	if i < 0 {
		return Value{}
	}
	c := l.items()
	for {
		if v, ok := c.take(); !ok || i == 0 {
			return v
		}
		i--
	}
}

func (l *list) equal(o *list) bool {
	a, b := l.items(), o.items()
	for {
		x, more := a.take()
		y, also := b.take()
		if !more || !also || !equal(x, y) {
			return more == also && !more
		}
	}
}
