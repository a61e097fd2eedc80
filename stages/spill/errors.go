package spill

import "fmt"

// A FullError says that scratch has no room left: its disk or quota is full,
// or the sorter's MaxBytes are used up.
type FullError struct {
	Path  string
	Bytes int64 // that the file would have needed so far
	Limit int64 // MaxBytes where that was the bound, else 0
	Err   error // of the system, nil where MaxBytes was the bound
}

func (e *FullError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("spill: %s needs %d bytes, more than its share of %d of the scratch\nraise `scratch_max`, or give `scratch` a folder on a larger disk, or the job more `memory`", e.Path, e.Bytes, e.Limit)
	}
	return fmt.Sprintf("spill: no space for %s beyond %d bytes: %v\ngive `scratch` a folder on a larger disk, or use more nodes", e.Path, e.Bytes, e.Err)
}

func (e *FullError) Unwrap() error { return e.Err }

// A DamagedError says that scratch does not hold what was written to it.
type DamagedError struct {
	Path   string
	Offset int64 // bytes into the file
	What   string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("spill: %s is damaged at byte %d: %s\nstart the job again, scratch is rebuilt; if it happens again, give `scratch` another disk", e.Path, e.Offset, e.What)
}
