package format

import "syscall"

// remote are errors of Lustre and NFS that other systems do not know.
var remote = []syscall.Errno{syscall.EREMOTEIO, syscall.ECOMM}
