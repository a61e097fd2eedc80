package round

import (
	"reflect"
	"testing"
)

func FuzzQuestion(f *testing.F) {
	f.Add(make([]byte, 30))
	f.Fuzz(func(t *testing.T, p []byte) {
		for len(p) > 0 {
			q, rest, ok := nextQuestion(p)
			if !ok {
				return
			}
			if back, _, ok := nextQuestion(appendQuestion(nil, q)); !ok || !reflect.DeepEqual(q, back) {
				t.Fatalf("%v comes back as %v", q, back)
			}
			p = rest
		}
	})
}
