package pipeline

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
)

// The schema names the fields of the report, and no others.
func TestSchema(t *testing.T) {
	p, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(p, &s); err != nil {
		t.Fatal(err)
	}
	compare(t, "report", reflect.TypeFor[Report](), s)
}

type schema struct {
	Type       string
	Properties map[string]schema
	Required   []string
	Items      *schema
}

func compare(t *testing.T, where string, typ reflect.Type, s schema) {
	t.Helper()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Slice {
		if s.Items == nil {
			t.Errorf("%s: no items in the schema", where)
			return
		}
		compare(t, where+"[]", typ.Elem(), *s.Items)
		return
	}
	if typ.Kind() != reflect.Struct || s.Type == "string" {
		return
	}
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for i := range typ.NumField() {
		name, option, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		property, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s.%s is not in the schema", where, name)
			continue
		}
		if required[name] == (option == "omitempty") {
			t.Errorf("%s.%s: required is %v", where, name, required[name])
		}
		compare(t, where+"."+name, typ.Field(i).Type, property)
		delete(s.Properties, name)
	}
	for name := range s.Properties {
		t.Errorf("%s.%s is in the schema alone", where, name)
	}
}

func FuzzBlockRecord(f *testing.F) {
	f.Add((&blockRecord{pass: 1, block: 2, rows: 3, counts: []int64{1}, present: []int64{1, 2}, truncated: true}).append(nil))
	f.Fuzz(func(t *testing.T, p []byte) {
		rec, rest, err := decodeBlockRecord(p)
		if err != nil {
			return
		}
		again, _, err := decodeBlockRecord(rec.append(nil))
		if err != nil || !reflect.DeepEqual(rec, again) {
			t.Errorf("%v of %d bytes (%d left) comes back as %v: %v", rec, len(p), len(rest), again, err)
		}
	})
}
