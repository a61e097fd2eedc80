//go:build !linux

package format

func sequential(rawFile) {}

func forget(rawFile, int64, int64) {}
