//go:build cuda

package gpu

// The archive in lib is empty. It satisfies the -lcuda of gorgonia.org/cu,
// whose calls driver.c answers.

/*
#cgo LDFLAGS: -L${SRCDIR}/lib -ldl
#include "driver.h"
*/
import "C"

import "errors"

// driverError returns why the CUDA driver cannot be used, or nil.
func driverError() error {
	var text *C.char
	if C.driver_status(&text) != 0 {
		return errors.New(C.GoString(text))
	}
	return nil
}
