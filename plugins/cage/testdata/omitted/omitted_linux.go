// This file is laid over package cage when the tests build a warden that leaves protections out. The package itself cannot
// leave any out.

package cage

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// omittedList is filled in, in the built file, with the names of what this warden leaves out.
var omittedList = "@@OMIT@@" + "................................................................................................................................................................................................................................................"

var omitted []Measure

func init() {
	for name := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(omittedList, "@@OMIT@@"), "."), ",") {
		omitted = append(omitted, Measure(name))
	}
	spaces = slices.DeleteFunc(spaces, func(s struct {
		flag    uintptr
		measure Measure
	}) bool {
		return omits(s.measure)
	})
}

func omits(m Measure) bool { return slices.Contains(omitted, m) }

// What can be left out besides protections: all namespaces, the newer way to clone, and that the image is closed by the
// execution.
const (
	namespaces  Measure = "namespaces"
	newerClone  Measure = "clone3"
	closedImage Measure = "the image closed"
)

// groupsToUse are the control groups, unless they are left out.
func groupsToUse() (*groups, error) {
	if omits(ControlGroup) {
		return nil, errors.New("left out")
	}
	return openGroups()
}

// without leaves steps of the jail out, and puts in what the others then need.
func (p *program) without(steps []step) (out []step) {
	for _, s := range steps {
		switch {
		case s.proves == Descriptors && omits(Descriptors):
			s.args[1] = 100 // the jail counts on the lowest being free
		case s.proves != "" && omits(s.proves):
			continue
		case (s.nr == unix.SYS_SETHOSTNAME || s.nr == unix.SYS_SETDOMAINNAME) && omits(UTSSpace):
			continue // it would be the host's
		case s.name == "the image" && omits(closedImage):
			s.args[2] = 0
		case s.name == "hold the socket's folder" && omits(PrivateRoot) && !omits(namespaces):
			tmpfs := p.text("tmpfs")
			out = append(out, do("", "a place for the socket", unix.SYS_MOUNT, tmpfs, p.text(runFolder), tmpfs, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, 0))
		}
		out = append(out, s)
	}
	return out
}
