package leftover

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Processes lists the processes below one, however deep, that have not ended: a corpse that nobody has waited for is none.
func Processes(pid int) []int {
	children := running()
	var out []int
	for next := children[pid]; len(next) > 0; {
		one := next[0]
		out, next = append(out, one), append(next[1:], children[one]...)
	}
	slices.Sort(out)
	return out
}

// Children lists those just below one.
func Children(pid int) []int { return running()[pid] }

// running are the processes that have not ended, by their parent.
func running() map[int][]int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		_, rest, _ := strings.Cut(string(raw), ") ") // proc(5): state, parent; what is before may hold anything
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[0] == "Z" || fields[0] == "X" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		children[parent] = append(children[parent], child)
	}
	return children
}

var namespace = regexp.MustCompile(`^(user|pid|net|ipc|uts|mnt|cgroup|time):\[[0-9]+\]$`)

// Namespaces lists the namespaces, such as "net:[4026532008]", that something of a process or of those below it keeps
// alive: that one of their threads is in, or has a descriptor of, or a mount. The caller's own are left out.
func Namespaces(pid int) []string {
	own := map[string]bool{}
	inside("/proc/self/ns", own)
	held := map[string]bool{}
	for _, p := range append(Processes(pid), pid) {
		folder := "/proc/" + strconv.Itoa(p)
		tasks, _ := filepath.Glob(folder + "/task/[0-9]*")
		for _, task := range tasks {
			inside(task+"/ns", held)
		}
		inside(folder+"/fd", held)
		mounted(folder+"/mountinfo", held)
	}
	var out []string
	for name := range held {
		if !own[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// inside notes the namespaces that the links in a folder lead to.
func inside(folder string, held map[string]bool) {
	links, _ := os.ReadDir(folder)
	for _, l := range links {
		if to, err := os.Readlink(filepath.Join(folder, l.Name())); err == nil && namespace.MatchString(to) {
			held[to] = true
		}
	}
}

// mounted notes the namespaces that are mounted somewhere: of each the root is its name, and the kind of file system nsfs.
func mounted(file string, held map[string]bool) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(raw)) {
		before, after, _ := strings.Cut(line, " - ")
		if fields := strings.Fields(before); len(fields) > 3 && strings.HasPrefix(after, "nsfs ") {
			held[fields[3]] = true
		}
	}
}

// Groups lists the control groups of version 2, wherever they are in the tree, whose names begin with a prefix.
func Groups(prefix string) []string {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) < 5 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		_ = filepath.WalkDir(fields[4], func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && strings.HasPrefix(d.Name(), prefix) {
				out = append(out, path)
			}
			return nil // a group may vanish while it is looked at
		})
	}
	return out
}
