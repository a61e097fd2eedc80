//go:build !linux

package format

import "syscall"

var remote []syscall.Errno
