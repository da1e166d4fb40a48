package label

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/store"
)

// tileHeight is that of C2SP tlog-tiles: a tile spans 256 hashes, a bundle 256 entries.
const tileHeight = 8

// How long answers may be kept by whoever passes them on.
const (
	forGood     = "public, max-age=31536000, immutable"
	forAMinute  = "public, max-age=60"
	forAMoment  = "public, max-age=10"
	jsonContent = "application/json"
)

// Read gives what the log publishes under a path, relative to where it is published; ErrNotFound for all else.
//
//	checkpoint              the newest signed checkpoint (C2SP tlog-checkpoint)
//	tile/<L>/<N>[.p/<W>]    a tile of the tree (C2SP tlog-tiles)
//	tile/entries/<N>[.p/<W>]  a bundle of entries, each after its length in two bytes
//	proof/<index>           an entry with its proof: Proof in JSON
//	consistency/<size>      that the log goes on from that size: Consistency in JSON
//	app/<id>                what holds of an app, and the entry that says so
//	key                     the verifier key of the log
//	authority.json          the authority's keys at this moment
//	manifest/<sha256>       the manifest of that digest, that a label of the log is about
func (l *Log) Read(ctx context.Context, path string) (body []byte, kind, keep string, err error) {
	first, rest, _ := strings.Cut(path, "/")
	switch {
	case path == "checkpoint":
		body, err = l.Checkpoint(ctx)
		return body, "text/plain; charset=utf-8", forAMoment, err
	case path == "key":
		return []byte(l.vkey + "\n"), "text/plain; charset=utf-8", forAMinute, nil
	case path == "authority.json":
		body, err = l.Trust().JSON()
		return body, jsonContent, forAMinute, err
	case first == "manifest":
		body, err = l.manifest(ctx, rest)
		return body, jsonContent, forGood, err
	case first == "tile":
		body, err = l.tile(ctx, rest)
		return body, "application/octet-stream", forGood, err
	case first == "proof", first == "consistency":
		body, err = l.proof(ctx, first, rest)
		return body, jsonContent, forAMinute, err
	case first == "app" && appID.MatchString(rest):
		body, err = l.describe(rest)
		return body, jsonContent, "no-store", err
	}
	return nil, "", "", ErrNotFound
}

func (l *Log) proof(ctx context.Context, what, number string) ([]byte, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != number {
		return nil, ErrNotFound
	}
	var v any
	if what == "proof" {
		v, err = l.Prove(ctx, n)
	} else {
		v, err = l.ProveConsistency(ctx, n)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Shown is a standing as it is published.
type Shown struct {
	App      string     `json:"app"`
	Status   string     `json:"status"`
	Cause    string     `json:"cause,omitempty"`
	Words    *Text      `json:"words,omitempty"`
	Since    time.Time  `json:"since,omitzero"`
	Until    time.Time  `json:"until,omitzero"`
	Entry    *int64     `json:"entry,omitempty"` // its proof is at proof/<entry>
	Label    *Predicate `json:"label,omitempty"`
	Manifest string     `json:"manifest,omitempty"` // SHA-256
}

// describe tells what holds of an app.
func (l *Log) describe(app string) ([]byte, error) {
	at, known := l.Status(app, l.o.Now())
	if !known {
		return nil, ErrNotFound
	}
	s := Shown{App: app, Status: at.Status, Cause: at.Cause, Since: at.Since, Until: at.Until, Entry: &at.Entry, Label: &at.Label.Predicate, Manifest: at.Label.Manifest}
	if at.Words != (Text{}) {
		s.Words = &at.Words
	}
	return json.Marshal(s)
}

// tile is a tile of hashes or a bundle of entries.
func (l *Log) tile(ctx context.Context, path string) (body []byte, err error) {
	if rest, ok := strings.CutPrefix(path, "entries/"); ok {
		path = "data/" + rest
	} else if strings.HasPrefix(path, "data/") {
		return nil, ErrNotFound
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, path))
	if err != nil {
		return nil, ErrNotFound
	}
	err = l.db.View(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if !ok || t.L > 7 || t.N > head.Size || t.N<<tileHeight+int64(t.W) > head.Size>>(tileHeight*max(t.L, 0)) {
			return ErrNotFound
		}
		if t.L < 0 {
			body, err = entries(tx, t.N<<tileHeight, t.W)
		} else {
			body, err = tlog.ReadTileData(t, rowsOf(tx))
		}
		return err
	})
	return body, err
}

// entries is a bundle of n entries.
func entries(tx store.Tx, from int64, n int) (body []byte, err error) {
	for index := from; index < from+int64(n); index++ {
		raw, err := readEntry(tx, index)
		if err != nil {
			return nil, err
		}
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(raw))), raw...) // maxRecord fits 16 bits
	}
	return body, nil
}

// Handler publishes the log to whoever asks, under a path that ends without a slash. What it answers holds no secret, and
// is kept by whoever passes it on.
func (l *Log) Handler(under string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, ours := strings.CutPrefix(r.URL.Path, under+"/")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the log is read, not written, here", http.StatusMethodNotAllowed)
			return
		}
		body, kind, keep, err := l.Read(r.Context(), path)
		if !ours || errors.Is(err, ErrNotFound) {
			http.Error(w, "the log of labels has nothing at this address", http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, "the log of labels cannot be read", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", keep)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(body) // the reader has gone when this fails
	})
}
