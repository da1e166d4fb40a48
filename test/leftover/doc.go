// Package leftover looks for what processes leave behind on a Linux machine: further processes, namespaces, control groups.
//
//	/proc/PID/stat → Processes below one; their ns, fd and mountinfo → Namespaces; the cgroup2 tree → Groups
//
// It looks at what the kernel shows, never at what a program says of itself. Adopt makes orphans stay below the caller.
package leftover
