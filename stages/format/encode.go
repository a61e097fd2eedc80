package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"sluice/stages"
)

// appendString appends s as a JSON string with no more escapes than RFC 8259
// asks for. What is not UTF-8 becomes U+FFFD.
func appendString(dst, s []byte) []byte {
	if !validUTF8(s) {
		s = bytes.ToValidUTF8(s, []byte("\uFFFD"))
	}
	dst = append(dst, '"')
	from, i := 0, 0
	for i < len(s) {
		if i+8 <= len(s) {
			m := special(binary.LittleEndian.Uint64(s[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += trailing(m)
		} else if s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, s[i])
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendScalar appends a value as JSON. Numbers are the shortest that read
// back as the same; JSON has no NaN and no infinity, so they are null.
func appendScalar(dst []byte, v stages.Scalar) []byte {
	switch v.Kind {
	case stages.Bool:
		return strconv.AppendBool(dst, v.Int != 0)
	case stages.Int:
		return strconv.AppendInt(dst, v.Int, 10)
	case stages.Float:
		return appendFloat(dst, v.Float, 64)
	case stages.String:
		return appendString(dst, v.Str)
	}
	return append(dst, "null"...)
}

func appendFloat(dst []byte, x float64, size int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, size)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, size)
}

// AppendString appends s as a JSON string; what is not UTF-8 becomes U+FFFD.
func AppendString(dst, s []byte) []byte { return appendString(dst, s) }

// AppendScalar appends a value as JSON. NaN and infinities are null.
func AppendScalar(dst []byte, v stages.Scalar) []byte { return appendScalar(dst, v) }

// appendValue appends row i of a column as JSON.
func appendValue(dst []byte, c *stages.Column, i int) []byte {
	if c.Type == stages.Text {
		if c.Text[i] == nil {
			return append(dst, "null"...)
		}
		return appendString(dst, c.Text[i])
	}
	return appendScalar(dst, c.Values[i])
}
