package plugins

import (
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// After tolerated failures in a row a plugin rests, longer each time; one invocation at a time then tries whether it is well.
const (
	tolerated   = 3
	shortRest   = 250 * time.Millisecond
	longestRest = time.Minute
)

// mayStart refuses while a plugin rests, and lets one try afterwards.
func (l *line) mayStart() *Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fails < tolerated {
		return nil
	}
	if time.Now().Before(l.rests) || l.trial {
		return &Failure{App: l.app, Kind: ErrBroken, Detail: "its last end: " + l.diag.Last.Kind + ", " + l.diag.Last.Detail}
	}
	l.trial = true
	return nil
}

// spared ends a try that told nothing.
func (l *line) spared() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trial = false
}

// failed counts a failure that is the plugin's own.
func (l *line) failed(f *Failure, p *process) {
	l.mu.Lock()
	l.trial = false
	if f.blames() {
		l.fails++
		if over := l.fails - tolerated; over >= 0 {
			l.rests = time.Now().Add(min(shortRest<<min(over, 20), longestRest))
		}
	}
	l.note(f.code(), f.Detail, f.evidence, p)
	l.mu.Unlock()
	if f.evidence != "" && (p == nil || !p.escaped()) { // of an escape everybody has been told when the process was gone
		l.tell(f.evidence, f.Detail)
	}
}

// tell tells of evidence against the plugin.
func (l *line) tell(kind, detail string) {
	if l.host.Meter.Tripped != nil {
		l.host.Meter.Tripped(Trip{App: l.app, Version: l.release.Version, Kind: kind, Detail: detail})
	}
}

// answered counts an invocation that gave what people may see.
func (l *line) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fails, l.trial, l.rests = 0, false, time.Time{}
	l.diag.Answered++
}

// note keeps how a process ended; the lock is held.
func (l *line) note(kind, detail, evidence string, p *process) {
	end := End{At: l.host.Now(), Kind: kind, Detail: detail, Tripwire: evidence != ""}
	if p != nil {
		end.Stderr, end.Lived = p.stderr(), time.Since(p.born).Round(10*time.Millisecond)
		if how, ok := p.guard.caged.Ended(); ok {
			end.Status, end.CPU = statusOf(how), how.CPU.Round(10*time.Millisecond)
			end.Tripwire = end.Tripwire || how.Tripwire()
		}
		l.diag.Stderr += end.Stderr
	}
	l.diag.Last = end
}

// statusOf is how the kernel says that a process ended, without what the process itself could say by it: of the codes that
// it may choose, only those stay that Go and C use.
func statusOf(how cage.End) string {
	if how.Signal == 0 && (how.Exit < 0 || how.Exit > 2) {
		return "it ended by itself with another status than 0, 1, 2"
	}
	return how.String()
}

// look is the diagnosis of a line at this moment.
func (l *line) look() Diagnosis {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.diag
	d.Idle, d.Failures, d.RestsUntil = len(l.idle), l.fails, l.rests
	return d
}
