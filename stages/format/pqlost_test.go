package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"sluice/stages"
)

type tagged struct {
	ID   int64    `parquet:"id"`
	Text string   `parquet:"text,snappy"`
	Tags []string `parquet:"tags,list"`
}

const tagGroup = 100 // rows of a row group

// writeTagged makes a file of row groups of several pages each.
func writeTagged(t *testing.T, groups int) []byte {
	t.Helper()
	var rows []tagged
	for i := range groups * tagGroup {
		rows = append(rows, tagged{int64(i), fmt.Sprintf("text %d %s", i, strings.Repeat("x", i%97)), []string{fmt.Sprint(i), fmt.Sprint(-i)}[:i%3%2+i%2]})
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[tagged](&b, parquet.MaxRowsPerRowGroup(tagGroup), parquet.PageBufferSize(1<<10))
	for i := range rows { // pages end between writes
		if _, err := w.Write(rows[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// spoil writes over a column of a row group from a place on, a share of its length.
func spoil(t *testing.T, data []byte, group, column int, from float64) {
	t.Helper()
	m := openSchema(t, data).Metadata().RowGroups[group].Columns[column].MetaData
	for i := int64(from * float64(m.TotalCompressedSize)); i < m.TotalCompressedSize; i++ {
		data[m.DataPageOffset+i] = 0xff
	}
}

// readTagged returns the text of each row, "" where it is lost, and the damage as the report lists it.
func readTagged(t *testing.T, data []byte, r stages.Read, batch int, size int64) (rows, damage []string, err error) {
	t.Helper()
	src, sink := parquetEnds(t, r, stages.DefaultWrite(), []stages.Need{{Name: "id", Type: stages.Scalars}}, Options{BatchBytes: batch, Seed: 1})
	last, lost := stages.Damage{}, int64(0)
	pieces, err := readBlocks(t, src, sink, shardOf(t, "a.parquet", data), size, func(b *stages.Batch) {
		for _, d := range b.Damaged {
			if lost += d.Rows; d.Error != last.Error {
				damage = append(damage, fmt.Sprintf("%d: %s", int64(len(rows))-b.First+d.Row, d.Error))
			}
			last = d
		}
		for i, kept := range b.Keep {
			text := ""
			if kept {
				text = string(b.Column("text").Text[i])
				if n := b.Column("id").Values[i].Int; n != int64(len(rows)) {
					t.Fatalf("row %d has number %d", len(rows), n)
				}
			}
			rows = append(rows, text)
		}
		if b.Unread()+int64(b.Live()) > int64(b.Len()) {
			t.Fatalf("%d of %d rows are damaged, and %d left", b.Unread(), b.Len(), b.Live())
		}
	})
	if err == nil {
		kept := slices.DeleteFunc(slices.Clone(rows), func(s string) bool { return s == "" })
		if got := readNested[tagged](t, join(t, sink, pieces)); len(got) != len(kept) {
			t.Fatalf("%d rows are written, and %d were left", len(got), len(kept))
		}
	}
	return rows, append(damage, fmt.Sprint(lost, " lost")), err
}

// A row group that cannot be read costs no row of another one, and the same rows in
// batches and blocks of any size.
func TestParquetLosesRowGroups(t *testing.T) {
	data := writeTagged(t, 80)
	whole, _, err := readTagged(t, data, stages.DefaultRead(), 1<<20, 1<<30)
	if err != nil || len(whole) != 8000 {
		t.Fatal(len(whole), err)
	}
	bad := map[int][2]any{3: {1, 0.0}, 17: {1, 0.5}, 40: {2, 0.6}, 79: {0, 0.3}} // column, from where
	for group, at := range bad {
		spoil(t, data, group, at[0].(int), at[1].(float64))
	}
	sampled := stages.DefaultRead()
	sampled.Sample = 0.3
	limited := stages.DefaultRead()
	limited.Limit = 3*tagGroup + 50
	for name, r := range map[string]stages.Read{"all": stages.DefaultRead(), "sample": sampled, "limit": limited} {
		var want, wantDamage []string
		for _, size := range []int64{1, 20 << 10, 1 << 30} {
			for _, batch := range []int{1, 700, 3000, 1 << 20} {
				rows, damage, err := readTagged(t, data, r, batch, size)
				if err != nil {
					t.Fatal(name, err)
				}
				if want == nil {
					want, wantDamage = rows, damage
				}
				// Errors name row groups by their number in the file, so blocks do not show.
				if !slices.Equal(rows, want) || !slices.Equal(damage, wantDamage) {
					t.Errorf("%s: blocks of %d, batches of %d: other rows, or damage\n%s\nand not\n%s", name, size, batch,
						strings.Join(damage, "\n"), strings.Join(wantDamage, "\n"))
				}
			}
		}
		if name != "all" {
			continue
		}
		for i, text := range want {
			if _, ok := bad[i/tagGroup]; text != whole[i] && (text != "" || !ok) {
				t.Errorf("row %d is %q, and was %q", i, text, whole[i])
			}
		}
		lost := 0
		for group := range bad {
			part := want[group*tagGroup : (group+1)*tagGroup]
			k := slices.Index(part, "")
			if k < 0 || strings.Join(part[k:], "") != "" {
				t.Errorf("group %d: rows are lost from %d on, and not to its end", group, k)
			}
			lost += tagGroup - k
		}
		if want[3*tagGroup] != "" || want[17*tagGroup] == "" || want[40*tagGroup] == "" {
			t.Errorf("more or less is lost than from the first page on that is bad:\n%s", strings.Join(wantDamage, "\n"))
		}
		if len(wantDamage) != len(bad)+1 || wantDamage[len(bad)] != fmt.Sprint(lost, " lost") || !strings.HasPrefix(wantDamage[0], "300: row group 3: ") {
			t.Errorf("%d rows are lost:\n%s", lost, strings.Join(wantDamage, "\n"))
		}
	}
}

// Where the footer contradicts itself about rows, none are counted that were not read.
func TestParquetBelievesNoWrongCount(t *testing.T) {
	data := writeTagged(t, 4)
	spoil(t, data, 2, 1, 0)
	f := openSchema(t, data)
	for name, change := range map[string]func(){
		"group": func() { f.Metadata().RowGroups[2].NumRows = 1 << 40 },
		"less":  func() { f.Metadata().RowGroups[2].NumRows = -5 },
		"file":  func() { f.Metadata().NumRows++ },
		"leaf":  func() { f.Metadata().RowGroups[2].Columns[1].MetaData.NumValues++ },
	} {
		p := &pqFile{file: f, schema: must(t)(newSchema(f.Metadata().Schema))}
		if !p.countsRows() {
			t.Fatalf("%s: the footer is wrong from the start", name)
		}
		was := *f.Metadata()
		was.RowGroups = slices.Clone(was.RowGroups)
		was.RowGroups[2].Columns = slices.Clone(was.RowGroups[2].Columns)
		change()
		if p.countsRows() {
			t.Errorf("%s: the footer is believed", name)
		}
		*f.Metadata() = was
	}
}

func must(t *testing.T) func(*pqNode, error) *pqNode {
	return func(n *pqNode, err error) *pqNode {
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}
