//go:build !cuda

package gpu

import "errors"

var errNoCUDA = errors.New("this build has no CUDA\nuse a binary built with: go build -tags cuda, or set device = \"host\"")

func countCUDA() (int, error) { return 0, errNoCUDA }

func openCUDA(int) (Device, error) { return nil, errNoCUDA }

// List returns what the driver says of the accelerators of this node.
func List() ([]Info, error) { return nil, errNoCUDA }
