package clean

import (
	"bytes"

	"sluice/stages"
)

// Newlines is the table of clean.newlines, NeMo Curator's NewlineNormalizer.
type Newlines struct{}

// NewNewlines returns the stage that makes two line feeds of three or more, and
// two pairs of carriage return and line feed of three or more.
func NewNewlines(c stages.Common, n Newlines) ([]stages.Stage, error) { return oneRewriter(c, n) }

const (
	threeFeeds = "\n\n\n"
	threePairs = "\r\n\r\n\r\n"
)

// Rewrite shortens runs of line feeds, then those of pairs.
func (Newlines) Rewrite(dst, text []byte) []byte {
	from := len(dst)
	for {
		i := bytes.Index(text, []byte(threeFeeds))
		if i < 0 {
			break
		}
		dst = append(dst, text[:i+2]...)
		for text = text[i+3:]; len(text) > 0 && text[0] == '\n'; {
			text = text[1:]
		}
	}
	dst = append(dst, text...)
	return dst[:from+len(shortenPairs(dst[from:]))]
}

// shortenPairs works in place.
func shortenPairs(text []byte) []byte {
	i := bytes.Index(text, []byte(threePairs))
	if i < 0 {
		return text
	}
	n := i
	for rest := text[i:]; ; {
		i := bytes.Index(rest, []byte(threePairs))
		if i < 0 {
			return text[:n+copy(text[n:], rest)]
		}
		n += copy(text[n:], rest[:i+4])
		rest = bytes.TrimPrefix(rest[i+4:], []byte("\r\n"))
		for bytes.HasPrefix(rest, []byte("\r\n")) {
			rest = rest[2:]
		}
	}
}
