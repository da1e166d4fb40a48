package cage

import (
	"fmt"
	"slices"
	"strings"
)

// Level says how much holds a caged process. A higher level has every protection of the lower ones.
type Level int

// The levels, from nothing to everything. Unset is no level: where one is demanded it means the strictest that is built.
const (
	Unset Level = iota
	// S0 is no cage at all: a process like any other. Only for invented records.
	S0
	// S1 is system calls, files and resources, without namespaces: for containers that forbid namespaces.
	S1
	// S2 adds namespaces, a private root of nothing and a user of its own.
	S2
	// S3 adds a control group that bounds memory, tasks and processor time of all that the process is.
	S3
	// S4 would put another kernel (gVisor) between the process and this one. It is not built: whoever demands it is refused.
	S4
)

var levelNames = []string{"unset", "S0", "S1", "S2", "S3", "S4"}

// String is the level's name, such as "S3".
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// MarshalText is the level's name, and nothing for Unset.
func (l Level) MarshalText() ([]byte, error) {
	if l == Unset {
		return nil, nil
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (l *Level) UnmarshalText(text []byte) (err error) {
	if *l = Unset; len(text) > 0 {
		*l, err = ParseLevel(string(text))
	}
	return err
}

// ParseLevel reads "S0" to "S4". Anything else, the empty text included, is an error: an unknown level is never the lowest.
func ParseLevel(text string) (Level, error) {
	if i := slices.Index(levelNames, text); i > int(Unset) {
		return Level(i), nil
	}
	return Unset, fmt.Errorf("cage: %q is no isolation level: S0, S1, S2, S3 or S4", text)
}

// Measure is one protection, as it is reported and shown.
type Measure string

// The protections. Each is held by one or more steps of the jail, and is reported as applied when all of them succeeded.
const (
	Descriptors  Measure = "no inherited descriptors"
	SealedImage  Measure = "sealed bytes executed"
	DeathSignal  Measure = "ends with the warden"
	Bounds       Measure = "resource limits"
	NoCaps       Measure = "no capabilities"
	NoNewPrivs   Measure = "no new privileges"
	Landlocked   Measure = "Landlock"
	Syscalls     Measure = "system call filter"
	UserSpace    Measure = "user namespace"
	PIDSpace     Measure = "process namespace"
	NetSpace     Measure = "network namespace"
	IPCSpace     Measure = "IPC namespace"
	UTSSpace     Measure = "host name namespace"
	MountSpace   Measure = "mount namespace"
	CgroupSpace  Measure = "control group namespace"
	PrivateRoot  Measure = "private read-only root"
	ControlGroup Measure = "control group"
	NoNesting    Measure = "no further namespaces"
	OwnUser      Measure = "a user of its own"
)

// measuresOf lists what a level has beyond the level below it.
var measuresOf = map[Level][]Measure{
	S1: {Descriptors, SealedImage, DeathSignal, Bounds, NoCaps, NoNewPrivs, Landlocked, Syscalls},
	S2: {UserSpace, PIDSpace, NetSpace, IPCSpace, UTSSpace, MountSpace, CgroupSpace, PrivateRoot},
	S3: {ControlGroup},
}

// extra are reported, and belong to no level: the kernel or the deployment may withhold them.
var extra = []Measure{NoNesting, OwnUser}

// MeasuresOf lists what a level has beyond the level below it; for Unset, what belongs to no level but is reported.
func MeasuresOf(l Level) []Measure {
	if l == Unset {
		return slices.Clone(extra)
	}
	return slices.Clone(measuresOf[l])
}

// reached is the highest level all of whose protections are among those applied.
func reached(applied []Measure) Level {
	level := S0
	for _, l := range []Level{S1, S2, S3} {
		for _, m := range measuresOf[l] {
			if !slices.Contains(applied, m) {
				return level
			}
		}
		level = l
	}
	return level
}

// Lack is one protection that could not be had.
type Lack struct {
	Measure Measure `json:"measure"`
	Step    string  `json:"step,omitempty"`  // what was tried
	Cause   string  `json:"cause,omitempty"` // what the system answered
	Mend    string  `json:"mend,omitempty"`  // what an operator can do about it
}

// Report is what a start really applied, or what this machine can apply.
type Report struct {
	Level    Level     `json:"level"`
	Applied  []Measure `json:"applied"`
	Missing  []Lack    `json:"missing,omitempty"`
	Landlock int       `json:"landlock"` // version of Landlock's interface, 0 when the kernel has none
	Kernel   string    `json:"kernel"`   // release, such as 6.1.0-18
	UID      int       `json:"uid"`      // user of the warden
}

// lacking lists the protections of a level that are not applied, with what is known of each.
func (r Report) lacking(need Level) []Lack {
	var out []Lack
	for l := S1; l <= need && l <= S3; l++ {
		for _, m := range measuresOf[l] {
			if slices.Contains(r.Applied, m) {
				continue
			}
			lack := Lack{Measure: m}
			if i := slices.IndexFunc(r.Missing, func(k Lack) bool { return k.Measure == m }); i >= 0 {
				lack = r.Missing[i]
			}
			out = append(out, lack)
		}
	}
	return out
}

// Insufficient is the refusal to start below the required level.
type Insufficient struct {
	Need    Level
	Reached Level
	Lacks   []Lack
}

// Error names what is missing.
func (e *Insufficient) Error() string {
	if e.Need == S4 {
		return "cage: level S4 is demanded, and it is not built: nothing was started"
	}
	names := make([]string, len(e.Lacks))
	for i, l := range e.Lacks {
		if names[i] = string(l.Measure); l.Cause != "" {
			names[i] += " (" + l.Step + ": " + l.Cause + ")"
		}
	}
	return fmt.Sprintf("cage: isolation is %s, below the required %s; missing: %s", e.Reached, e.Need, strings.Join(names, ", "))
}

// Admits compares what was applied with what is required. The required level must be known.
func (r Report) Admits(need Level) error {
	if need < S0 || need > S3 {
		return &Insufficient{Need: S4, Reached: r.Level}
	}
	if got := reached(r.Applied); got < need {
		return &Insufficient{Need: need, Reached: got, Lacks: r.lacking(need)}
	}
	return nil
}
