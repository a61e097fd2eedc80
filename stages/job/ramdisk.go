package job

import (
	"fmt"
	"path/filepath"
	"syscall"
)

// Types of file systems whose files are memory, from statfs(2).
const (
	tmpfsMagic = 0x01021994
	ramfsMagic = 0x858458f6
)

// InMemory says that what is written to dir, or will be once it is made, lies
// in memory.
func InMemory(dir string) bool {
	s, ok := statfs(dir)
	return ok && (uint32(s.Type) == tmpfsMagic || uint32(s.Type) == ramfsMagic)
}

// statfs describes the file system where dir is or will be.
func statfs(dir string) (s syscall.Statfs_t, ok bool) {
	for {
		if syscall.Statfs(dir, &s) == nil {
			return s, true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return s, false
		}
		dir = up
	}
}

// ramShare is the part of memory that is set aside for scratch that lies in
// memory: half for questions, half for answers.
const ramShare = 4

// shareMemory counts scratch that lies in memory into it: a part is scratch_max,
// and only the rest is for the rank itself.
func (j *Job) shareMemory(localRanks int) {
	if j.ScratchInMemory = InMemory(j.Scratch); !j.ScratchInMemory {
		return
	}
	most := j.Memory / ramShare / 2 * int64(localRanks)
	if j.ScratchMax == 0 || j.ScratchMax > most {
		j.ScratchMax = most
	}
	j.Memory -= j.Memory / ramShare
}

// ScratchWarning says, once the job is resolved, that its scratch is memory; ""
// if it is not.
func (j *Job) ScratchWarning() string {
	if !j.ScratchInMemory {
		return ""
	}
	return fmt.Sprintf("scratch %q is a tmpfs, which is memory: a quarter of `memory` is set aside for it, and the job stops beyond\n"+
		"set scratch to a folder on a disk, or raise memory", j.Scratch)
}
