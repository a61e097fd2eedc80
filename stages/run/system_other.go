//go:build !linux

package run

import "syscall"

// ties puts a process into a group of its own.
func ties() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// early says that endGroup has waited: here it cannot.
const early = false

func endGroup(int) {}

// killGroup kills a process that is not reaped, and what it has started.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
