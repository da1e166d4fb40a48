package pontlevis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/store"
)

func init() { caddy.RegisterModule(admin{}) }

// BackupPath is where Caddy's admin endpoint takes a BackupRequest.
const BackupPath = "/pontlevis/backup"

// BackupRequest asks a running server to copy its data folder.
type BackupRequest struct {
	To   string `json:"to"`             // absolute path of a folder on the server's machine that is not there yet
	Data string `json:"data,omitempty"` // which data folder, where the process has several open
}

// BackupAnswer says what was copied.
type BackupAnswer struct {
	To      string  `json:"to,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// admin copies the data folder of a running server and rotates its signing keys, at the request of whoever reaches
// Caddy's admin endpoint, who could also give the server any configuration.
type admin struct{}

// CaddyModule returns the Caddy module information.
func (admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.pontlevis", New: func() caddy.Module { return new(admin) }}
}

// Routes implements caddy.AdminRouter.
func (admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: BackupPath, Handler: caddy.AdminHandlerFunc(serveBackup)},
		{Pattern: KeysPath, Handler: caddy.AdminHandlerFunc(serveKeys)},
		{Pattern: LabelPath, Handler: caddy.AdminHandlerFunc(serveLabel)},
		{Pattern: PluginsPath, Handler: caddy.AdminHandlerFunc(servePlugins)},
	}
}

// underWay lets one backup run at a time.
var underWay sync.Mutex

func serveBackup(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("a backup is asked for with POST")}
	}
	var q BackupRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	s, err := openedState(q.Data)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	if !underWay.TryLock() {
		return caddy.APIError{HTTPStatus: http.StatusConflict, Err: errors.New("another backup is under way")}
	}
	defer underWay.Unlock()
	began := time.Now()
	bytes, err := s.backup(r.Context(), q.To)
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(BackupAnswer{To: q.To, Bytes: bytes, Seconds: time.Since(began).Seconds()})
}

// openedState finds the data folder that this process has open: the one named, or the only one of real people.
func openedState(dir string) (found *state, err error) {
	n := 0
	states.Range(func(key, value any) bool {
		if s, ok := value.(*state); ok && (dir == "" && !s.rehearses.Load() || key == dir) {
			found = s
			n++
		}
		return true
	})
	switch n {
	case 0:
		return nil, errors.New("no such data folder is open here")
	case 1:
		return found, nil
	}
	return nil, errors.New("several data folders are open here: say which")
}

// backup copies the folder into a new one, readable by its owner alone: what a server can be started on. The log is
// copied after the records, with what its journal holds, so that it has every access to them that the copy knows of. A copy that fails is removed.
func (s *state) backup(ctx context.Context, to string) (total int64, err error) {
	if !filepath.IsAbs(to) {
		return 0, fmt.Errorf("the folder of a backup must be absolute, not %q", to)
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return 0, fmt.Errorf("making the folder of a backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(to))
		}
	}()
	for _, one := range []struct {
		name string
		db   backer
	}{{stateFile, s.db}, {AuditFile, s.log}} {
		n, err := copyDB(ctx, one.db, filepath.Join(to, one.name))
		if err != nil {
			return total, err
		}
		total += n
	}
	for _, name := range []string{keyFile, VerifierFile, AuthorityFile, LabelVerifierFile} {
		content, err := os.ReadFile(filepath.Join(s.dir, name))
		if name != VerifierFile && errors.Is(err, os.ErrNotExist) { // the key is in the environment, the labels are another's
			continue
		}
		if err == nil {
			err = writeOnce(filepath.Join(to, name), content)
		}
		if err != nil {
			return total, fmt.Errorf("copying %s: %w", name, err)
		}
		total += int64(len(content))
	}
	return total, store.SyncFolder(to)
}

// backer is what can be copied while it is written.
type backer interface {
	Backup(ctx context.Context, w io.Writer) error
}

func copyDB(ctx context.Context, db backer, path string) (int64, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	w := &counting{w: f}
	err = db.Backup(ctx, w)
	if err == nil {
		err = f.Sync()
	}
	return w.n, errors.Join(err, f.Close())
}

type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

var _ caddy.AdminRouter = admin{}
