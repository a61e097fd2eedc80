package clean

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"sluice/stages"
)

// FastTextLabel is the table of clean.fasttext_label, NeMo Curator's FastTextLabelModifier.
type FastTextLabel struct {
	Label string `toml:"label" doc:"what stands in front, such as \"__label__hq\""`
}

// NewFastTextLabel returns the stage that makes lines of texts from which fastText learns: the label, a space,
// and the text with a space for each line feed and for each __label__ in it. Write them with
// the text column alone, and train with the fasttext program on what jq -r .text gives.
func NewFastTextLabel(c stages.Common, f FastTextLabel) ([]stages.Stage, error) {
	var complaint error
	switch {
	case f.Label == "":
		complaint = errors.New("label is missing\ngive the label of these texts, such as \"__label__hq\"")
	case strings.ContainsAny(f.Label, " \t\n\v\f\r\x00"):
		complaint = fmt.Errorf("label = %q holds white space, which ends a label\nwrite one word", f.Label)
	}
	return oneRewriter(c, f, complaint)
}

var labelPrefix = []byte("__label__")

// Rewrite looks for labels between line feeds: none is part of one.
func (f FastTextLabel) Rewrite(dst, text []byte) []byte {
	dst = append(append(dst, f.Label...), ' ')
	for line := range bytes.SplitAfterSeq(text, lineFeed) {
		line, fed := bytes.CutSuffix(line, lineFeed)
		for {
			before, after, found := bytes.Cut(line, labelPrefix)
			dst = append(dst, before...)
			if !found {
				break
			}
			dst, line = append(dst, ' '), after
		}
		if fed {
			dst = append(dst, ' ')
		}
	}
	return dst
}
