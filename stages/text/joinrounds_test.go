package text

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sluice/stages"
)

// Two documents may have one key: their rows are kept apart by the other half of the hash.
func TestJudgeOfTwoDocuments(t *testing.T) {
	ask := func(document, order, sample uint64, length float64) stages.Question {
		return stages.Question{Order: orderOf(int64(order)), Sample: stages.ID(sample), Payload: appendPair(nil, document, math.Float64bits(length))}
	}
	questions := []stages.Question{ask(7, 0, 10, 4), ask(8, 0, 11, 5), ask(8, 1, 9, 6), ask(7, 2, 3, 4), ask(7, 3, 12, 4), ask(8, 4, 1, 1)}
	for _, c := range []struct {
		most int64
		want string
	}{
		{0, "9 goes 11 1, 3 goes 10 1, 12 goes 10 2, 1 goes 11 2, 10 takes 0, 11 takes 0"},
		// Segment 4 of document 8 is row 1, with what fits behind segment 1.
		{10, "3 goes 10 1, 10 takes 0, 1 goes 9 1, 12 takes 1, 9 takes 1"},
	} {
		j := &joinDocuments{table: DefaultJoin()}
		j.table.MaxLength, j.table.Drop = c.most, false
		var got []string
		err := j.judge(context.Background(), 0, slices.Values(questions), func(n stages.Note) error {
			x, y := pair(n.Payload[1:])
			if n.Payload[0] == goes {
				got = append(got, fmt.Sprint(uint64(n.Sample), " goes ", x, " ", y))
			} else {
				got = append(got, fmt.Sprint(uint64(n.Sample), " takes ", x))
			}
			return nil
		})
		if list := strings.Join(got, ", "); err != nil || list != c.want {
			t.Errorf("max_length %d: got %s\nwant %s (%v)", c.most, list, c.want, err)
		}
	}
}
