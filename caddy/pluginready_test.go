package pontlevis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/plugins"
)

// slowFile counts what is read of a file, and begins when it may.
type slowFile struct {
	*os.File
	began func()
	may   <-chan struct{}
	read  *atomic.Int64
}

func (f slowFile) Read(p []byte) (int, error) {
	f.began()
	<-f.may
	n, err := f.File.Read(p)
	f.read.Add(int64(n))
	return n, err
}

// TestInstalledIsReadOnce: however many ask at once whether a binary is here, it is read once; another file in its place is
// read anew, one that is away is away at once, and whoever leaves does not wait.
func TestInstalledIsReadOnce(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "plugin")
	bits := make([]byte, 100_000)
	write := func() {
		t.Helper()
		if err := os.WriteFile(name+".new", bits, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	write()
	sum := sha256.Sum256(bits)
	r := plugins.Release{Version: "1.0.0", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(bits))}
	const callers = 8
	var i installed
	var read atomic.Int64
	var opened sync.WaitGroup
	may, began := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	open := func(context.Context, string, plugins.Release) (io.ReadCloser, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		return slowFile{f, begin, may, &read}, nil
	}
	is := func(ctx context.Context, want bool) {
		t.Helper()
		if got, err := i.is(ctx, open, "a", r); err != nil || got != want {
			t.Errorf("installed: %v, %v, want %v", got, err, want)
		}
	}
	var done sync.WaitGroup
	plain := open
	open = func(ctx context.Context, app string, r plugins.Release) (io.ReadCloser, error) {
		defer opened.Done()
		return plain(ctx, app, r)
	}
	opened.Add(callers)
	for range callers {
		done.Go(func() { is(t.Context(), true) })
	}
	opened.Wait()
	<-began
	opened.Add(1)
	left, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := i.is(left, open, "a", r)
		gone <- err
	}()
	opened.Wait()
	leave()
	select {
	case err := <-gone:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("who left waits")
	}
	close(may)
	done.Wait()
	if n := read.Load(); n != r.Size {
		t.Errorf("%d bytes were read, the file has %d", n, r.Size)
	}
	open = plain
	bits[0] = 1
	write()
	is(t.Context(), false)
	bits[0] = 0
	write()
	is(t.Context(), true)
	if n := read.Load(); n != 3*r.Size {
		t.Errorf("after two other files %d bytes were read", n)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	is(t.Context(), false)
}
