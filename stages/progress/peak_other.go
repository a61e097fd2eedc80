//go:build !linux

package progress

const maxrssUnit = 1 // getrusage counts bytes on Darwin
