// Package privacy holds the stages that take personal data out of texts.
package privacy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"sluice/stages"
	"sluice/stages/job"
)

// Redact is the table of privacy.redact.
type Redact struct {
	Entities    []string `toml:"entities" doc:"what is found; [] = email, phone, ip, card, iban, ssn, url, mac, wallet and secret"`
	Action      string   `toml:"action" doc:"replace by <EMAIL> and so on, redact (take out), hash, mask"`
	KeyEnv      string   `toml:"key_env" doc:"hash: environment variable that holds the key of HMAC-SHA-256"`
	MaskingChar string   `toml:"masking_char" doc:"mask: what stands for each character"`
	CharsToMask int64    `toml:"chars_to_mask" doc:"mask: how many characters of each, from its beginning; 0 = all"`
}

// DefaultRedact puts the names of all entities in their places.
func DefaultRedact() Redact { return Redact{Entities: []string{}, Action: "replace", MaskingChar: "*"} }

// NewRedact returns the stage that finds personal data by its form and replaces it. The score is
// the number of findings. What has no form, such as names and places, stays.
//
// What it finds is counted by entity: texts that had some, findings, and their bytes. The counts stand
// in OUT/report.json, and at the end of a run.
//
// Of findings that overlap, such as the address in a link, the one that begins first
// counts, of those that begin together the longest.
func NewRedact(c stages.Common, r Redact) ([]stages.Stage, error) {
	redactor, err := newRedactor(r)
	if err != nil {
		return nil, err
	}
	return []stages.Stage{stages.NewRewriter(c, redactor)}, nil
}

// newRedactor returns what rewrites texts as r says.
func newRedactor(r Redact) (*redactor, error) {
	var complaints []error
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Errorf(format, args...)) }
	redactor := &redactor{Redact: r, key: os.LookupEnv}
	for _, name := range r.Entities {
		i := slices.Index(entityNames[:], name)
		if i < 0 {
			complain("entities: no entity %q; have %s%s", name, strings.Join(listed[:], ", "), meant(name))
			continue
		}
		redactor.want[i] = true
	}
	if len(r.Entities) == 0 {
		for i := range redactor.want {
			redactor.want[i] = true
		}
	}
	for _, name := range listed {
		i := slices.Index(entityNames[:], name)
		redactor.labels[i] = "<" + strings.ToUpper(name) + ">"
		if redactor.want[i] {
			redactor.place[i] = len(redactor.finds)
			redactor.finds = append(redactor.finds, name)
		}
	}
	switch r.Action {
	case "replace", "redact", "mask":
		if r.KeyEnv != "" {
			complain("key_env = %q has a meaning with action = \"hash\" only\nremove it, or write action = \"hash\"", r.KeyEnv)
		}
	case "hash":
		if r.KeyEnv == "" {
			complain("action = \"hash\" needs a key\nput it in an environment variable and write key_env = \"NAME\", the name of that; without a key anybody could try all telephone numbers")
		}
	case "drop", "mark":
		complain("action = %q is for filters; have replace, redact, hash, mask", r.Action)
	default:
		complain("action = %q is unknown; have replace, redact, hash, mask", r.Action)
	}
	if utf8.RuneCountInString(r.MaskingChar) != 1 || !utf8.ValidString(r.MaskingChar) {
		complain("masking_char = %q is not one character", r.MaskingChar)
	}
	if r.CharsToMask < 0 {
		complain("chars_to_mask = %d is negative", r.CharsToMask)
	}
	return redactor, errors.Join(complaints...)
}

// listed are the names of entities in the order of the help.
var listed = [entityCount]string{"email", "phone", "ip", "card", "iban", "ssn", "url", "mac", "wallet", "secret"}

// meant returns a line about a name that is none of ours: the names are
// those of Presidio, which NeMo Curator had, or near ours.
func meant(name string) string {
	switch strings.ToUpper(name) {
	case "PERSON", "LOCATION", "ADDRESS", "DATE_TIME", "NRP", "US_PASSPORT", "US_DRIVER_LICENSE":
		return "\nnames, places, dates and documents have no form to be found by: they need a model, which is not in this version"
	}
	ours, ok := map[string]string{"EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip", "CREDIT_CARD": "card",
		"IBAN_CODE": "iban", "US_SSN": "ssn", "MAC_ADDRESS": "mac", "CRYPTO": "wallet", "API_KEY": "secret"}[strings.ToUpper(name)]
	if !ok {
		ours = job.DidYouMean(name, listed[:])
	}
	if ours == "" {
		return ""
	}
	return fmt.Sprintf("\ndid you mean %q?", ours)
}

// A redactor is what privacy.redact does to a text.
type redactor struct {
	Redact
	want    [entityCount]bool
	finds   []string         // the names of those, as listed
	place   [entityCount]int // there
	labels  [entityCount]string
	key     func(name string) (string, bool)
	secret  []byte    // the key of hashes
	workers sync.Pool // of *worker
}

// A worker is what a goroutine needs.
type worker struct {
	finder
	mac  hash.Hash
	sum  [sha256.Size]byte
	text [2 * sha256.Size]byte
}

// Prepare reads the key.
func (r *redactor) Prepare(context.Context) error {
	if r.Action != "hash" {
		return nil
	}
	key, _ := r.key(r.KeyEnv)
	if key == "" {
		return fmt.Errorf("key_env: the environment variable %s is not set, or empty\nexport it where the ranks start; under srun and mpirun on every node", r.KeyEnv)
	}
	r.secret = []byte(key)
	return nil
}

// Fingerprint tells keys apart, so that a job does not go on with another one.
func (r *redactor) Fingerprint() uint64 {
	if r.secret == nil {
		return 0
	}
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte("fingerprint"))
	return binary.BigEndian.Uint64(mac.Sum(nil)) | 1
}

// Rewrite appends text without personal data.
func (r *redactor) Rewrite(dst, text []byte) []byte {
	var counts [entityCount]stages.Trimmed
	dst, _ = r.RewriteFound(dst, text, counts[:])
	return dst
}

// Finds implements stages.Finder: the entities in the order of the help.
func (r *redactor) Finds() []string { return r.finds }

// RewriteFound appends text without personal data, and counts what was found by entity.
func (r *redactor) RewriteFound(dst, text []byte, counts []stages.Trimmed) ([]byte, int64) {
	w, ok := r.workers.Get().(*worker)
	if !ok {
		w = &worker{finder: finder{want: r.want}}
		if r.Action == "hash" {
			w.mac = hmac.New(sha256.New, r.secret)
		}
	}
	defer r.workers.Put(w)
	found := w.find(text)
	from := 0
	var seen [entityCount]bool
	for _, x := range found {
		c := &counts[r.place[x.entity]]
		if !seen[x.entity] {
			seen[x.entity] = true
			c.Texts++
		}
		c.Parts++
		c.Bytes += int64(x.end - x.start)
		dst = append(dst, text[from:x.start]...)
		dst = r.put(dst, w, text[x.start:x.end], x.entity)
		from = x.end
	}
	return append(dst, text[from:]...), int64(len(found))
}

// put appends what stands for a finding.
func (r *redactor) put(dst []byte, w *worker, found []byte, e entity) []byte {
	switch r.Action {
	case "replace":
		return append(dst, r.labels[e]...)
	case "hash":
		w.mac.Reset()
		w.mac.Write(found)
		hex.Encode(w.text[:], w.mac.Sum(w.sum[:0]))
		return append(dst, w.text[:]...)
	case "mask":
		for n := int64(0); len(found) > 0 && (n < r.CharsToMask || r.CharsToMask == 0); n++ {
			_, size := utf8.DecodeRune(found)
			dst, found = append(dst, r.MaskingChar...), found[size:]
		}
		return append(dst, found...)
	}
	return dst // redact
}
