package cage

import "strings"

// mends says what an operator can do about a protection that is missing.
var mends = map[Measure]string{
	UserSpace: "allow user namespaces to the warden: sysctl user.max_user_namespaces above 0; on Ubuntu from 23.10 on load deploy/apparmor/pontlevis-warden " +
		"(kernel.apparmor_restrict_unprivileged_userns=1 forbids them to unconfined programs); in a container use deploy/container/seccomp.json, " +
		"or in Kubernetes run the warden's pod with it as its seccomp profile; under systemd RestrictNamespaces= must list user pid net ipc uts mnt cgroup",
	PrivateRoot: "the warden's children must be allowed mount and pivot_root: under systemd SystemCallFilter= needs @mount; in a container use deploy/container/seccomp.json",
	Landlocked:  "boot a kernel from 5.13 on with landlock in lsm= (/sys/kernel/security/lsm lists what is on); in a container the runtime's seccomp profile must allow landlock_*",
	Syscalls:    "boot a kernel with CONFIG_SECCOMP_FILTER",
	ControlGroup: "run the warden as deploy/systemd/pontlevis-warden.service does (Delegate=memory pids cpu), on a machine with control groups of version 2 alone " +
		"(kernel option systemd.unified_cgroup_hierarchy=1)",
	NoNesting: "leave /proc/sys writable to the warden's children (systemd: no ProtectKernelTunables=); without it the system call filter alone forbids nesting",
	OwnUser:   "run the warden as a service of its own under a second system user (deploy/systemd/pontlevis-warden.service), and name its socket in the gateway's configuration",
}

// mend is the advice for a missing protection.
func mend(l Lack) string {
	if text, ok := mends[l.Measure]; ok {
		return text
	}
	if strings.HasSuffix(string(l.Measure), "namespace") {
		return mends[UserSpace]
	}
	return ""
}
