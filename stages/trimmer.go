package stages

// A Trimmer is a [Shuffler] that takes parts out of texts. Apply adds to b.Trimmed what it
// takes out of a batch.
type Trimmer interface {
	Shuffler
	// Unit is what a part is, in the singular.
	Unit() string
}

// Trimmed is what a stage took out of the texts of a batch.
type Trimmed struct {
	Stage        string
	Texts        int64 // that lost something
	Parts, Bytes int64 // that they lost; what stood between parts is bytes too
}
