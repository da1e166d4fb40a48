package cage

import (
	"strings"
	"testing"
	"time"
)

// TestOptions holds what goes together: lower than S3 takes a reason, and S0 invented records.
func TestOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    Options
		want Level
		err  string
	}{
		{Options{}, S3, ""},
		{Options{Least: S3}, S3, ""},
		{Options{Least: S2}, Unset, "reason"},
		{Options{Least: S2, Reason: "  "}, Unset, "reason"},
		{Options{Least: S2, Reason: "no delegation here"}, S2, ""},
		{Options{Least: S0, Reason: "a demonstration"}, Unset, "invented"},
		{Options{Least: S0, Reason: "a demonstration", Synthetic: true}, S0, ""},
		{Options{Least: S4}, Unset, "not built"},
		{Options{Least: 9, Reason: "?"}, Unset, "no level"},
		{Options{Least: -1, Reason: "?"}, Unset, "no level"},
	} {
		got, err := c.o.check()
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v, %v; want %v, %q", c.o, got, err, c.want, c.err)
		}
		if notice := c.o.Notice(); (notice != "") != (c.want != Unset && c.want < S3) || notice != "" && !strings.Contains(notice, c.o.Reason) {
			t.Errorf("%+v is noticed as %q", c.o, notice)
		}
	}
}

// TestLevels holds that an unknown level is an error, that names round-trip, and that a level needs all of its measures.
func TestLevels(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "unset", "s3", "S5", "3", "S3 "} {
		if l, err := ParseLevel(text); err == nil {
			t.Errorf("%q is taken for %v", text, l)
		}
	}
	var all []Measure
	for l := S0; l <= S3; l++ {
		all = append(all, MeasuresOf(l)...)
		if got, err := ParseLevel(l.String()); err != nil || got != l {
			t.Errorf("%v reads back as %v, %v", l, got, err)
		}
		if got := reached(all); got != l {
			t.Errorf("all of %v reach %v", l, got)
		}
		for _, m := range MeasuresOf(l) {
			var rest []Measure
			for _, o := range all {
				if o != m {
					rest = append(rest, o)
				}
			}
			r := Report{Applied: rest}
			if err := r.Admits(l); reached(rest) >= l || err == nil || !strings.Contains(err.Error(), string(m)) {
				t.Errorf("without %q: %v, %v", m, reached(rest), err)
			}
		}
	}
	full := Report{Applied: all}
	for _, l := range []Level{Unset, S4, 7, -1} {
		if full.Admits(l) == nil {
			t.Errorf("everything applied is enough for %v", l)
		}
	}
}

// TestLimits holds the defaults and the bounds.
func TestLimits(t *testing.T) {
	t.Parallel()
	if l, err := (Limits{}).complete(); err != nil || l.Memory != 128*mebi || l.seconds() != 2 {
		t.Errorf("%+v %v", l, err)
	}
	for _, l := range []Limits{{Memory: -1}, {Memory: 1 << 40}, {Threads: 1}, {Threads: 1 << 20}, {CPU: time.Hour}, {CPU: -1}, {Files: 3}, {Cores: 99}} {
		if got, err := l.complete(); err == nil {
			t.Errorf("%+v is taken as %+v", l, got)
		}
	}
	if got := (Limits{CPU: 1001 * time.Millisecond}).seconds(); got != 2 {
		t.Errorf("%d seconds", got)
	}
}

// TestEnvironment holds that nothing of the gateway's environment gets in.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	limits, _ := Limits{}.complete()
	got := environment([]string{"PONTLEVIS_PLUGIN=1", "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_UNIX_SOCKET_DIR=/tmp/x", "PLUGIN_CLIENT_CERT=x", "PATH=/bin",
		"PONTLEVIS_MASTER_KEY=secret", "LD_PRELOAD=x", "PONTLEVIS_PLUGIN={folder}"}, limits)
	want := "PLUGIN_UNIX_SOCKET_DIR={folder} TMPDIR={folder} GOTRACEBACK=none GOMAXPROCS=1 GOMEMLIMIT=100663296 PONTLEVIS_PLUGIN=1 PLUGIN_PROTOCOL_VERSIONS=1"
	if strings.Join(got, " ") != want {
		t.Errorf("%q", got)
	}
}
