package pontlevis_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestUnits has systemd read the units, and judge how much they expose (0 to 10). A system call group that an older systemd
// does not know, a misspelled setting or an order that cannot be kept is said, and none may be.
func TestUnits(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("NO systemd-analyze HERE, so the units are not checked: apt-get install systemd")
	}
	folder := t.TempDir()
	var units []string
	for _, name := range []string{"pontlevis.service", "pontlevis-warden.service"} {
		raw, err := os.ReadFile(filepath.Join("deploy/systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		unit := filepath.Join(folder, name)
		text := strings.ReplaceAll(string(raw), "=/usr/bin/pontlevis ", "=/bin/true ") // which is there
		if err := os.WriteFile(unit, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		units = append(units, unit)
	}
	out, err := exec.Command(tool, append([]string{"--man=no", "verify"}, units...)...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "pontlevis") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	out, err = exec.Command(tool, append([]string{"security", "--offline=true", "--threshold=25", "--no-pager"}, units...)...).CombinedOutput()
	if err != nil {
		t.Errorf("more is exposed than was: %v\n%s", err, out)
	}
}

// TestUnitsFit holds what a running systemd showed the units to need, and what they must agree on with each other.
func TestUnitsFit(t *testing.T) {
	t.Parallel()
	gateway, warden, users := setting(t, "deploy/systemd/pontlevis.service"), setting(t, "deploy/systemd/pontlevis-warden.service"), text(t, "deploy/systemd/pontlevis.sysusers")
	for name, ok := range map[string]bool{
		"each has a user, another than the other's":                    gateway("User") != warden("User") && strings.Contains(users, "u "+gateway("User")+" ") && strings.Contains(users, "u "+warden("User")+" "),
		"the gateway is in the warden's group, and reaches the socket": gateway("SupplementaryGroups") == warden("Group") && warden("RuntimeDirectoryMode") == "0750",
		"the gateway starts after the warden":                          strings.Contains(gateway("After"), "pontlevis-warden.service"),
		"the warden says when it listens":                              warden("Type") == "notify",
		"a long load is no failed start":                               gateway("Type") == "notify" && gateway("TimeoutStartSec") == "infinity",
		"the warden serves that user":                                  strings.Contains(warden("ExecStart"), "--gateway "+gateway("User")) && strings.Contains(warden("ExecStart"), "/run/"+warden("RuntimeDirectory")+"/"),
		"all seven namespaces":                                         fields(warden("RestrictNamespaces")) == "cgroup ipc mnt net pid user uts",
		"a control group of its own":                                   fields(warden("Delegate")) == "cpu memory pids",
		"no setting under which the children's root fails":             warden("ProtectHostname")+warden("ProtectControlGroups")+warden("ProtectKernelTunables") == "",
		"calls named, not by a group that systemd 252 lacks":           !strings.Contains(warden("SystemCallFilter"), "@sandbox") && strings.Contains(warden("SystemCallFilter"), "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"),
	} {
		if !ok {
			t.Error(name)
		}
	}
}

// setting reads a unit: what is given several times is put together.
func setting(t *testing.T, file string) func(string) string {
	t.Helper()
	values := map[string]string{}
	for line := range strings.Lines(text(t, file)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			values[name] = strings.TrimSpace(values[name] + " " + value)
		}
	}
	return func(name string) string { return values[name] }
}

func text(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func fields(list string) string {
	words := strings.Fields(list)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// TestContainerProfile holds the shape of a seccomp profile that container runtimes read (OCI runtime specification,
// config-linux, Seccomp; archMap is Docker's and Podman's word for the architectures), and the calls without which no
// container started, or no plugin had its namespaces, when it was run.
func TestContainerProfile(t *testing.T) {
	t.Parallel()
	var profile struct {
		DefaultAction   string `json:"defaultAction"`
		DefaultErrnoRet uint   `json:"defaultErrnoRet"`
		ArchMap         []struct {
			Architecture     string   `json:"architecture"`
			SubArchitectures []string `json:"subArchitectures"`
		} `json:"archMap"`
		Syscalls []struct {
			Comment  string   `json:"comment"`
			Names    []string `json:"names"`
			Action   string   `json:"action"`
			ErrnoRet uint     `json:"errnoRet"`
		} `json:"syscalls"`
	}
	in := json.NewDecoder(strings.NewReader(text(t, "deploy/container/seccomp.json")))
	in.DisallowUnknownFields()
	if err := in.Decode(&profile); err != nil {
		t.Fatal(err)
	}
	if profile.DefaultAction != "SCMP_ACT_ERRNO" || profile.DefaultErrnoRet != 1 {
		t.Errorf("what is not named is answered %s %d, and must be refused", profile.DefaultAction, profile.DefaultErrnoRet)
	}
	var architectures, names, allowed []string
	for _, a := range profile.ArchMap {
		architectures = append(architectures, a.Architecture)
		if len(a.SubArchitectures) > 0 {
			t.Errorf("%s: %v would be let in by numbers of calls that nobody tried", a.Architecture, a.SubArchitectures)
		}
	}
	if !slices.Equal(architectures, []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}) {
		t.Errorf("architectures %v", architectures)
	}
	for _, s := range profile.Syscalls {
		switch {
		case s.Action == "SCMP_ACT_ALLOW":
			allowed = append(allowed, s.Names...)
		case s.Action != "SCMP_ACT_ERRNO" || s.ErrnoRet == 0:
			t.Errorf("%v: %s %d", s.Names, s.Action, s.ErrnoRet)
		}
		names = append(names, s.Names...)
	}
	if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Error("a call is named twice")
	}
	shape := regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	for _, n := range names {
		if !shape.MatchString(n) {
			t.Errorf("%q is no call", n)
		}
	}
	for _, n := range strings.Fields("clone clone3 mount umount2 pivot_root sethostname setdomainname seccomp capset close_range memfd_create execveat openat2 " +
		"landlock_create_ruleset landlock_add_rule landlock_restrict_self setuid setgid pselect6") {
		if !slices.Contains(allowed, n) {
			t.Errorf("%s is not allowed", n)
		}
	}
	for _, n := range strings.Fields("unshare setns ptrace bpf keyctl add_key request_key perf_event_open userfaultfd kexec_load init_module finit_module reboot swapon open_by_handle_at process_vm_readv io_uring_enter") {
		if slices.Contains(allowed, n) {
			t.Errorf("%s is allowed", n)
		}
	}
}

// TestAppArmor has AppArmor's own parser read the profile.
func TestAppArmor(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("apparmor_parser")
	if err != nil {
		tool = "/usr/sbin/apparmor_parser"
	}
	if _, err := os.Stat("/etc/apparmor.d/abi/4.0"); err != nil {
		t.Skip("NO AppArmor 4 HERE (Debian has it from 13 on), so the profile is not checked: apt-get install apparmor")
	}
	out, err := exec.Command(tool, "--skip-kernel-load", "--skip-cache", "deploy/apparmor/pontlevis-warden").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
