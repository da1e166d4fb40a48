package cage

import (
	"errors"
	"path"
	"strings"
	"testing"
)

// FuzzHandshake holds that a line which is taken names a socket directly within the folder, in seven fields at most, and
// that everything else is refused with ErrHandshake, but for what ended before the line did: that is ErrSilent.
func FuzzHandshake(f *testing.F) {
	for _, line := range []string{"1|1|unix|/run/plugin123|grpc|\n", "1|1|unix|/run/a|grpc||false\n", "1|1|tcp|127.0.0.1:1|grpc|\n", "1|1|unix|/run/../x|grpc|\n",
		"1|1|unix|/run/a/b|grpc|\n", "1|1|unix|/run/..|grpc|\n", "1|1|unix|/run/.|grpc|\n", "1|1|unix|@x|grpc|\n", "1|1|unix|/run/a|grpc|QUJD\n", strings.Repeat("1", 5000), "", "1|1|unix|/run/a|grpc|"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, said string) {
		line, err := readHandshake(strings.NewReader(said), "/run")
		if err != nil {
			want := ErrHandshake
			if len(said) < mostHandshake && !strings.Contains(said, "\n") {
				want = ErrSilent
			}
			if !errors.Is(err, want) || line != "" {
				t.Errorf("%q: %v, want %v", said, err, want)
			}
			return
		}
		fields := strings.Split(line, "|")
		if len(fields) < 6 || len(fields) > 7 || fields[0] != "1" || fields[2] != "unix" || fields[4] != "grpc" || fields[5] != "" {
			t.Errorf("%q was taken", line)
		}
		if address := fields[3]; path.Dir(address) != "/run" || path.Clean(address) != address {
			t.Errorf("%q was taken", address)
		}
		if !strings.HasPrefix(said, line+"\n") || len(line) >= mostHandshake {
			t.Errorf("%q was made of %q", line, said)
		}
	})
}
