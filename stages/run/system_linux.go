package run

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// ties puts a process into a group of its own, and lets it die with the thread that started it.
func ties() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// early says that endGroup has waited.
const early = true

// endGroup waits for the end of a process, without reaping it, and kills what it
// has started: as long as it is not reaped its number is not given to another.
func endGroup(pid int) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	killGroup(pid)
}

// killGroup kills a process that is not reaped, and what it has started.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
