package stages

// A Shard is one input: a file, or a bundle of small files. The list of shards
// is frozen when a job first starts.
type Shard struct {
	Index  int
	Name   string // path below the longest folder that all inputs share, slashes; names the shard everywhere
	Path   string // absolute path of the file; the folder of the files for a bundle
	Source string // name of the [[source]], "" for input
	Format string // "jsonl", "parquet" or "files"; [SavedFormat] for records of an earlier job
	// Against is the name of the stage that alone sees its samples: it compares
	// the others with them. They are not part of the output. "" = ordinary.
	Against string
	Size    int64  // bytes on disk
	Files   []File // the members of a bundle, in order
}

// A File is one member of a bundle; its rows are its documents.
type File struct {
	Name string // path below the folder of its shard, slashes; the id of its document
	Size int64
	Time int64 // modification time, nanoseconds since 1970
}

// A Block is a contiguous part of a shard: the unit in which work is handed
// out, finished and resumed. A shard that cannot be cut is one block. Blocks
// depend on the inputs alone, and their indexes rise in sample order.
type Block struct {
	Index  int
	Shard  int
	Offset int64 // what Offset and Length count is the source's own: bytes, row groups, files
	Length int64
	Bytes  int64 // bytes on disk, for balance and progress
}

// BlockSize is how large the blocks are that shards are cut into: small enough
// that a job has hundreds of them to share out, unless they get smaller than
// 1 MiB, and no larger than 64 MiB. It depends on the inputs alone.
func BlockSize(shards []Shard) int64 {
	var total int64
	for _, s := range shards {
		total += s.Size
	}
	size := min(max(total/512, 1<<20), 64<<20)
	// Beyond 1 PB blocks grow, so that IDs can tell them apart.
	return max(size, total/(MaxBlocks/2))
}
