package plugins

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// App is what the catalogue says of a plugin at this instant: its manifest as far as the label covers it. The host asks
// again at each start of a process, each invocation and each read.
type App struct {
	ID       string
	NameFR   string
	NameEN   string
	URL      string // of its page in the storefront: the source of its cards
	Category string // what its publisher is: health, insurer …
	Label    gate.Label

	Scopes []string // SMART scopes of its manifest; what it reads is within them
	Writes []string // FHIR types that its suggestions may create or update
	Links  []string // addresses that its cards may lead to
	Launch string   // address of its SMART half, which a link of type smart may lead to; "" without one

	Hooks  []Hook
	Limits Limits
	Waits  bool       // nothing new begins, what runs may go on: its label has not been confirmed for too long
	Level  cage.Level // isolation that its label demands; the operator's may be higher

	Release Release // its binary for this platform; zero without one

	// Former is the version whose place this one took, with no more rights than both have; nil without one, and once its
	// time is over. It answers until this one has said its first hello (drain.go). It has no Former of its own.
	Former *App
	Until  time.Time // of a Former: when it ends, whatever it does
}

// Hook is one entry of the manifest's hooks.
type Hook struct {
	ID       string
	Kind     string            // of CDS Hooks: patient-view, order-select …, or one of pontlevis' own
	Prefetch map[string]string // templates, relative to the FHIR endpoint, with {{context.patientId}}
}

// Release is one labelled binary for this platform.
type Release struct {
	Version string
	SHA256  string // in lower-case hexadecimal: it is the identity of what runs
	Size    int64
}

// Limits bound one invocation. Zero fields take the usual value, and what is above the most takes the most.
type Limits struct {
	CPU      time.Duration // processor time of the process
	Memory   int64         // bytes
	Reads    int
	Bytes    int64 // of resources that all reads bring together
	Deadline time.Duration
}

// Usual and greatest limits.
var (
	UsualLimits    = Limits{CPU: 2 * time.Second, Memory: 96 << 20, Reads: 32, Bytes: 2 << 20, Deadline: 3 * time.Second}
	GreatestLimits = Limits{CPU: 10 * time.Second, Memory: 256 << 20, Reads: 200, Bytes: 16 << 20, Deadline: 10 * time.Second}
)

func (l Limits) orUsual() Limits {
	return Limits{
		CPU: within(l.CPU, UsualLimits.CPU, GreatestLimits.CPU), Memory: within(l.Memory, UsualLimits.Memory, GreatestLimits.Memory),
		Reads: within(l.Reads, UsualLimits.Reads, GreatestLimits.Reads), Bytes: within(l.Bytes, UsualLimits.Bytes, GreatestLimits.Bytes),
		Deadline: within(l.Deadline, UsualLimits.Deadline, GreatestLimits.Deadline),
	}
}

func within[T int | int64 | time.Duration](given, usual, most T) T {
	if given <= 0 {
		return usual
	}
	return min(given, most)
}

// hook finds a hook of the manifest.
func (a *App) hook(id string) (Hook, bool) {
	i := slices.IndexFunc(a.Hooks, func(h Hook) bool { return h.ID == id })
	if i < 0 {
		return Hook{}, false
	}
	return a.Hooks[i], true
}

// stands reports whether the label lets the app run at all: listed, online, for exchange, not run out.
func (a *App) stands(now time.Time) bool {
	l := a.Label
	return l.Status == "online" && l.Exchange && (l.Expires.IsZero() || now.Before(l.Expires))
}

// name is what the app is called in a language.
func (a *App) name(language string) string {
	if language == "en" {
		return a.NameEN
	}
	return a.NameFR
}
