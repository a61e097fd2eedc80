package clean

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sluice/stages"
)

// Unicode is the table of clean.unicode, NeMo Curator's UnicodeReformatter. Its
// keys are those of ftfy's TextFixerConfig.
type Unicode struct {
	UnescapeHTML           any    `toml:"unescape_html" doc:"decode entities such as &amp;: true, false, or auto: up to the first line with a < in it"`
	RemoveTerminalEscapes  bool   `toml:"remove_terminal_escapes" doc:"remove the escape sequences that colour a terminal"`
	FixEncoding            bool   `toml:"fix_encoding" doc:"find mojibake, text that was decoded wrongly, and decode it again"`
	RestoreByteA0          bool   `toml:"restore_byte_a0" doc:"in mojibake, let a space stand for byte a0 where that makes UTF-8"`
	ReplaceLossySequences  bool   `toml:"replace_lossy_sequences" doc:"in mojibake, let U+FFFD stand for a code point that has lost bytes"`
	DecodeInconsistentUTF8 bool   `toml:"decode_inconsistent_utf8" doc:"decode pieces that are clearly mojibake where the line as a whole is not"`
	FixC1Controls          bool   `toml:"fix_c1_controls" doc:"read U+0080 to U+009F as Windows-1252"`
	FixLatinLigatures      bool   `toml:"fix_latin_ligatures" doc:"take Latin ligatures apart"`
	FixCharacterWidth      bool   `toml:"fix_character_width" doc:"give fullwidth Latin and halfwidth Katakana their usual width"`
	UncurlQuotes           bool   `toml:"uncurl_quotes" doc:"make straight quotation marks of curly ones"`
	FixLineBreaks          bool   `toml:"fix_line_breaks" doc:"make line feeds of all line breaks"`
	FixSurrogates          bool   `toml:"fix_surrogates" doc:"without effect: what is read as text holds none"`
	RemoveControlChars     bool   `toml:"remove_control_chars" doc:"remove control characters that are not white space"`
	Normalization          string `toml:"normalization" doc:"NFC, NFD, NFKC, NFKD, or \"\": none"`
	MaxDecodeLength        int64  `toml:"max_decode_length" doc:"most code points of a line that are fixed together"`
	Explain                bool   `toml:"explain" doc:"without effect: nothing is explained"`
}

// DefaultUnicode has Curator's values, not ftfy's.
func DefaultUnicode() Unicode {
	return Unicode{
		UnescapeHTML: "auto", RemoveTerminalEscapes: true, FixEncoding: true, RestoreByteA0: true,
		ReplaceLossySequences: true, DecodeInconsistentUTF8: true, FixC1Controls: true, FixSurrogates: true,
		RemoveControlChars: true, MaxDecodeLength: 1000000, Explain: true,
	}
}

// NewUnicode returns the stage that fixes texts as ftfy 6.3.1 does, line by line
// (Speer, https://ftfy.readthedocs.io). Where more than 30 combining marks follow each other
// normalization differs from Python's: it puts a U+034F between them. What is not done
// after 100 rounds stays as it then is.
func NewUnicode(c stages.Common, u Unicode) ([]stages.Stage, error) {
	r, err := newReformatter(u)
	if err != nil {
		return nil, err
	}
	return oneRewriter(c, r)
}

const escape = 0x1b

// rounds is how often fixes are tried again where they go on changing a line. ftfy goes on
// for ever; each "amp;" of "&amp;amp;amp;" takes a round.
const rounds = 100

// A reformatter fixes texts.
type reformatter struct {
	config         Unicode
	unescape, auto bool // entities; only where no < was
	form           norm.Form
	normalize      bool
	flags          uint8                           // of code points that fixes change
	stops          [256]bool                       // bytes of ASCII that they change
	replacements   []func(dst, text []byte) []byte // of single code points
	tables         *runeTables
	fixers         sync.Pool // of *fixer
}

func newReformatter(u Unicode) (*reformatter, error) {
	r := &reformatter{config: u, tables: tables()}
	var complaints []error
	switch v := u.UnescapeHTML.(type) {
	case bool:
		r.unescape = v
	default:
		if v != "auto" {
			complaints = append(complaints, fmt.Errorf("unescape_html = %v is unknown; have \"auto\", true, false", v))
		}
		r.unescape, r.auto = true, true
	}
	switch strings.ToUpper(u.Normalization) {
	case "":
	case "NFC":
		r.form, r.normalize = norm.NFC, true
	case "NFD":
		r.form, r.normalize = norm.NFD, true
	case "NFKC":
		r.form, r.normalize = norm.NFKC, true
	case "NFKD":
		r.form, r.normalize = norm.NFKD, true
	default:
		complaints = append(complaints, fmt.Errorf("normalization = %q is unknown; have NFC, NFD, NFKC, NFKD, or \"\" for none", u.Normalization))
	}
	if u.MaxDecodeLength < 1 {
		complaints = append(complaints, fmt.Errorf("max_decode_length = %d is not positive", u.MaxDecodeLength))
	}
	for _, f := range []struct {
		on   bool
		flag uint8
		fix  func(dst, text []byte) []byte
	}{
		{u.RemoveControlChars, isControl, nil},
		{u.FixC1Controls, isC1, nil},
		{u.FixLatinLigatures, isLigature, r.tables.splitLigatures},
		{u.FixCharacterWidth, isWide, r.tables.fixWidths},
		{u.UncurlQuotes, isSingleQuote | isDoubleQuote, r.tables.uncurlQuotes},
		{u.FixLineBreaks, isLineBreak, r.tables.fixLineBreaks},
	} {
		if f.on {
			r.flags |= f.flag
			if f.fix != nil {
				r.replacements = append(r.replacements, f.fix)
			}
		}
	}
	for c := range rune(utf8.RuneSelf) {
		r.stops[c] = r.tables.of(c).flags&r.flags != 0 || c == escape && u.RemoveTerminalEscapes
	}
	return r, errors.Join(complaints...)
}

// Rewrite fixes the text line by line.
func (r *reformatter) Rewrite(dst, text []byte) []byte {
	entities := r.unescape && bytes.IndexByte(text, '&') >= 0
	less := len(text) // what lies in front of it may hold entities
	if entities && r.auto {
		if i := bytes.IndexByte(text, '<'); i >= 0 {
			less = i
		}
	}
	ascii, stops := r.stop(text)
	if ascii && !stops && !(entities && hasEntity(text[:less])) {
		return append(dst, text...)
	}
	var f *fixer
	done := 0 // text[:done] is in dst
	for at := 0; at < len(text); {
		end := r.segmentEnd(text, at)
		unescape := entities && end <= less
		if segment := text[at:end]; !r.isClean(segment, unescape, stops) {
			if f == nil {
				f, _ = r.fixers.Get().(*fixer)
				if f == nil {
					f = newFixer(r.tables)
				}
				defer r.fixers.Put(f)
			}
			dst = append(dst, text[done:at]...)
			dst = append(dst, r.fix(f, segment, unescape)...)
			done = end
		}
		at = end
	}
	return append(dst, text[done:]...)
}

// segmentEnd returns where what is fixed together ends: behind the line feed, or after as many
// code points as max_decode_length says.
func (r *reformatter) segmentEnd(text []byte, at int) int {
	end := len(text)
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		end = at + n + 1
	}
	if int64(end-at) <= r.config.MaxDecodeLength {
		return end
	}
	return at + codePoint(text[at:end], r.config.MaxDecodeLength)
}

// isClean says that no fix changes the segment. It may say so of none that one does. stops says
// that the text has bytes of ASCII that a fix changes.
func (r *reformatter) isClean(segment []byte, unescape, stops bool) bool {
	if stops {
		if _, stop := r.stop(segment); stop {
			return false
		}
	}
	if unescape && hasEntity(segment) {
		return false
	}
	if isASCII(segment) {
		return true
	}
	bad, flags := r.tables.scan(segment)
	if bad && (r.config.FixEncoding || r.flags != 0) || flags&r.flags != 0 {
		return false
	}
	return !r.normalize || r.form.IsNormal(segment)
}

// stop says whether text is ASCII, and whether it has a byte of ASCII that a fix changes.
func (r *reformatter) stop(text []byte) (ascii, stop bool) {
	const ones = 0x0101010101010101
	ascii = true
	i := 0
	for ; i+8 <= len(text); i += 8 {
		v := binary.LittleEndian.Uint64(text[i:])
		low := v & (0x7f * ones)
		// The high bits of what is neither 0x20 to 0x7e nor beyond ASCII.
		m := (^(low + 0x60*ones) | (low + ones)) &^ v & (0x80 * ones)
		if v&(0x80*ones) != 0 {
			ascii = false
		}
		for ; m != 0; m &= m - 1 {
			if r.stops[text[i+bits.TrailingZeros64(m)/8]] {
				return ascii, true
			}
		}
	}
	for _, c := range text[i:] {
		if r.stops[c] {
			return ascii, true
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii, false
}

// fix applies all fixes until none changes anything. What it returns is the fixer's.
func (r *reformatter) fix(f *fixer, segment []byte, unescape bool) []byte {
	c := &r.config
	f.text = append(f.text[:0], segment...)
	f.encoding = encodingFixes{c.RestoreByteA0, c.ReplaceLossySequences, c.DecodeInconsistentUTF8, c.FixC1Controls}
	for range rounds {
		f.before = append(f.before[:0], f.text...)
		if unescape {
			f.apply(f.unescapeHTML)
		}
		if c.FixEncoding {
			f.fixEncoding()
		}
		if c.FixC1Controls {
			f.apply(f.fixC1)
		}
		for _, fix := range r.replacements {
			f.apply(fix)
		}
		if c.RemoveTerminalEscapes && bytes.IndexByte(f.text, escape) >= 0 {
			f.apply(removeTerminalEscapes)
		}
		if c.RemoveControlChars {
			f.apply(r.tables.removeControls)
		}
		if r.normalize && !r.form.IsNormal(f.text) {
			f.apply(func(dst, text []byte) []byte { return r.form.Append(dst, text...) })
		}
		if bytes.Equal(f.text, f.before) {
			break
		}
	}
	return f.text
}
