package format

import (
	"io"

	"sluice/stages"
)

// autoSink writes shards in the format that they are read in.
type autoSink struct{ lines, parquet stages.Sink }

func (s *autoSink) of(shard *stages.Shard) stages.Sink {
	if shard.Format == "parquet" {
		return s.parquet
	}
	return s.lines
}

func (s *autoSink) Name(shard *stages.Shard) string { return s.of(shard).Name(shard) }
func (s *autoSink) Plain() bool                     { return false }

func (s *autoSink) Piece(shard *stages.Shard, w io.Writer) (stages.Piece, error) {
	return s.of(shard).Piece(shard, w)
}

// Join tells Parquet by its first bytes: no row of JSON and no archive begins
// like that.
func (s *autoSink) Join(w io.Writer, pieces []*io.SectionReader) error {
	var magic [len(parquetMagic)]byte
	if len(pieces) > 0 {
		if n, _ := pieces[0].ReadAt(magic[:], 0); string(magic[:n]) == parquetMagic {
			return s.parquet.Join(w, pieces)
		}
	}
	return s.lines.Join(w, pieces)
}
