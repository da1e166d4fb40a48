package main

import (
	"io"

	"golang.org/x/sys/unix"
)

// trip makes one system call by which escapes are tried. Arguments are such that nothing happens where it is let through.
func trip(w io.Writer, args []string) {
	if args[0] == "foreign" {
		foreign()
		say(w, "foreign", nil)
		return
	}
	c, ok := trips[args[0]]
	if !ok {
		io.WriteString(w, "unknown trip")
		return
	}
	call(w, args[0], c[0], c[1:]...)
}

const minusOne = ^uintptr(0)

var trips = map[string][]uintptr{
	"ptrace":            {unix.SYS_PTRACE, unix.PTRACE_ATTACH, minusOne},
	"process_vm_readv":  {unix.SYS_PROCESS_VM_READV, 1, 0, 0, 0, 0},
	"process_vm_writev": {unix.SYS_PROCESS_VM_WRITEV, 1, 0, 0, 0, 0},
	"process_madvise":   {unix.SYS_PROCESS_MADVISE, minusOne},
	"kcmp":              {unix.SYS_KCMP, 1, 1, 0},
	"pidfd_getfd":       {unix.SYS_PIDFD_GETFD, minusOne, 0, 0},
	"move_pages":        {unix.SYS_MOVE_PAGES, 0, 0},
	"perf_event_open":   {unix.SYS_PERF_EVENT_OPEN, 0, 0, minusOne, minusOne},
	"unshare":           {unix.SYS_UNSHARE, unix.CLONE_NEWUSER},
	"setns":             {unix.SYS_SETNS, minusOne, 0},
	"mount":             {unix.SYS_MOUNT, 0, 0, 0, 0, 0},
	"umount2":           {unix.SYS_UMOUNT2, 0, 0},
	"pivot_root":        {unix.SYS_PIVOT_ROOT, 0, 0},
	"chroot":            {unix.SYS_CHROOT, 0},
	"fsopen":            {unix.SYS_FSOPEN, 0, 0},
	"open_tree":         {unix.SYS_OPEN_TREE, minusOne, 0, 0},
	"move_mount":        {unix.SYS_MOVE_MOUNT, minusOne, 0, minusOne, 0, 0},
	"mount_setattr":     {unix.SYS_MOUNT_SETATTR, minusOne, 0, 0, 0, 0},
	"open_by_handle_at": {unix.SYS_OPEN_BY_HANDLE_AT, minusOne, 0, 0},
	"name_to_handle_at": {unix.SYS_NAME_TO_HANDLE_AT, minusOne, 0, 0, 0, 0},
	"sethostname":       {unix.SYS_SETHOSTNAME, 0, 0},
	"bpf":               {unix.SYS_BPF, 0, 0, 0},
	"io_uring_setup":    {unix.SYS_IO_URING_SETUP, 0, 0},
	"userfaultfd":       {unix.SYS_USERFAULTFD, minusOne},
	"keyctl":            {unix.SYS_KEYCTL, 0, 0},
	"add_key":           {unix.SYS_ADD_KEY, 0, 0, 0, 0},
	"request_key":       {unix.SYS_REQUEST_KEY, 0, 0, 0, 0},
	"fanotify_init":     {unix.SYS_FANOTIFY_INIT, minusOne, 0},
	"quotactl":          {unix.SYS_QUOTACTL, minusOne, 0, 0, 0},
	"personality":       {unix.SYS_PERSONALITY, 0xffffffff},
	"init_module":       {unix.SYS_INIT_MODULE, 0, 0, 0},
	"finit_module":      {unix.SYS_FINIT_MODULE, minusOne, 0, 0},
	"kexec_load":        {unix.SYS_KEXEC_LOAD, 0, 0, 0, minusOne},
	"reboot":            {unix.SYS_REBOOT, 0, 0, 0, 0},
	"swapon":            {unix.SYS_SWAPON, 0, 0},
	"acct":              {unix.SYS_ACCT, minusOne},
	"syslog":            {unix.SYS_SYSLOG, minusOne, 0, 0},
	"clock_settime":     {unix.SYS_CLOCK_SETTIME, minusOne, 0},
}
