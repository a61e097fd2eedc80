//go:build !linux

package spill

import (
	"errors"
	"os"
)

// punch is not supported here: merged runs stay on scratch until the end.
func punch(*os.File, int64, int64) error { return errors.ErrUnsupported }

func adviseHuge([]byte) {}
