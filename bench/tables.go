package bench

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// A tableRow is a row of the corpora that the benchmarks make.
type tableRow struct {
	ID   string `json:"id" parquet:"id"`
	Text string `json:"text" parquet:"text"`
}

// tables writes each plain JSONL file of folder from as a Parquet file into folder
// to, with row groups of about so many bytes.
func (b *bench) tables(from, to string, group int) error {
	list, err := filepath.Glob(filepath.Join(b.Dir, from, "*.jsonl"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(b.Dir, to), 0o777); err != nil {
		return err
	}
	for _, path := range list {
		name := strings.TrimSuffix(filepath.Base(path), ".jsonl") + ".parquet"
		if err := writeTable(path, filepath.Join(b.Dir, to, name), group); err != nil {
			return err
		}
	}
	return nil
}

func writeTable(from, to string, group int) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	w := parquet.NewGenericWriter[tableRow](out, parquet.Compression(&parquet.Snappy))
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<26)
	for held := 0; lines.Scan(); {
		var row tableRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return err
		}
		if _, err := w.Write([]tableRow{row}); err != nil {
			return err
		}
		if held += len(row.Text); held >= group {
			if err := w.Flush(); err != nil {
				return err
			}
			held = 0
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return out.Close()
}
