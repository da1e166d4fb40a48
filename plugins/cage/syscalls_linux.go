//go:build amd64 || arm64

package cage

import "golang.org/x/sys/unix"

// plain are the system calls that are allowed whatever their arguments: what a Go or C program makes that answers on one
// stream socket. There is no connect among them, no execve, no kill, and nothing that makes or renames a file but openat.
var plain = []uintptr{
	// memory and threads
	unix.SYS_BRK, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_MEMBARRIER, unix.SYS_FUTEX,
	unix.SYS_SET_TID_ADDRESS, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	// signals of its own
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	// time
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY,
	// who and what it is
	unix.SYS_GETPID, unix.SYS_GETPPID, unix.SYS_GETTID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
	unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_GETRUSAGE, unix.SYS_TIMES, unix.SYS_GETRANDOM, unix.SYS_GETCWD,
	// descriptors
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_PREAD64, unix.SYS_LSEEK, unix.SYS_CLOSE,
	unix.SYS_FSTAT, fstatat, unix.SYS_STATX, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_PIPE2, unix.SYS_PPOLL,
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_PWAIT2, unix.SYS_EVENTFD2,
	// files below /run, where Landlock lets it make its socket
	unix.SYS_OPENAT, unix.SYS_UNLINKAT, unix.SYS_READLINKAT,
	// its socket
	unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT, unix.SYS_ACCEPT4, unix.SYS_GETSOCKNAME, unix.SYS_GETPEERNAME,
	unix.SYS_GETSOCKOPT, unix.SYS_SHUTDOWN, unix.SYS_RECVFROM, unix.SYS_RECVMSG, unix.SYS_SENDMSG,
	// the end
	unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

const (
	threadMust = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD
	threadMay  = unix.CLONE_SYSVSEM | unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID |
		unix.CLONE_CHILD_SETTID | unix.CLONE_DETACHED
)

// guarded are the system calls that are allowed for some arguments alone. self is the process's id as it sees itself.
func guarded(self int) []rule {
	noExec := []test{{arg: 2, mask: unix.PROT_EXEC, is: []uint64{0}}}
	return []rule{
		{unix.SYS_MMAP, noExec},
		{unix.SYS_MPROTECT, noExec},
		{unix.SYS_CLONE, []test{{arg: 0, mask: ^uint64(threadMay), is: []uint64{threadMust}}}}, // threads, never processes
		{unix.SYS_TGKILL, []test{{arg: 0, is: []uint64{uint64(self)}}}},
		{unix.SYS_SOCKET, []test{{arg: 0, is: []uint64{unix.AF_UNIX}}, {arg: 1, mask: 0xf, is: []uint64{unix.SOCK_STREAM}}}},
		{unix.SYS_SENDTO, []test{{arg: 4, is: []uint64{0}}}}, // never to an address
		{unix.SYS_SETSOCKOPT, []test{{arg: 1, is: []uint64{unix.SOL_SOCKET}},
			{arg: 2, is: []uint64{unix.SO_REUSEADDR, unix.SO_SNDBUF, unix.SO_RCVBUF, unix.SO_KEEPALIVE}}}},
		{unix.SYS_FCNTL, []test{{arg: 1, is: []uint64{unix.F_DUPFD, unix.F_GETFD, unix.F_SETFD, unix.F_GETFL, unix.F_SETFL,
			unix.F_DUPFD_CLOEXEC}}}},
		{unix.SYS_PRLIMIT64, []test{{arg: 2, is: []uint64{0}}}}, // asks, never sets
		{unix.SYS_PRCTL, []test{{arg: 0, is: []uint64{unix.PR_SET_NAME, unix.PR_GET_NAME, unix.PR_SET_VMA}}}},
		// Once, by the warden's child, into the sealed bytes. Afterwards descriptor 3 is whatever the program opens, and
		// nothing that it can open is executable.
		{unix.SYS_EXECVEAT, []test{{arg: 0, is: []uint64{fdImage}}, {arg: 4, is: []uint64{unix.AT_EMPTY_PATH}}}},
	}
}

func rules(self int) []rule {
	var out []rule
	for _, nr := range plain {
		out = append(out, rule{nr: nr})
	}
	for _, nr := range nativePlain {
		out = append(out, rule{nr: nr})
	}
	out = append(out, guarded(self)...)
	return append(out, nativeGuarded...)
}

// tripwires are the system calls by which escapes are tried, and that no program needs that answers on a socket.
var tripwires = []uintptr{
	// other processes
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_KCMP,
	unix.SYS_PIDFD_GETFD, unix.SYS_MOVE_PAGES, unix.SYS_MIGRATE_PAGES, unix.SYS_PERF_EVENT_OPEN,
	// namespaces and mounts
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_FSOPEN,
	unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_MOUNT_SETATTR,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_VHANGUP,
	// the kernel's large surfaces
	unix.SYS_BPF, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_USERFAULTFD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_FANOTIFY_INIT, unix.SYS_QUOTACTL, unix.SYS_PERSONALITY,
	unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL,
	// the machine
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_SETTIMEOFDAY,
	unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
}
