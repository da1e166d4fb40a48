package usage

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
)

// Tripwire is the interaction of the entries of the access log which say that a plugin did what no honest one does.
const Tripwire = "plugin-tripwire"

const tripPrefix = "tripwire-"

// TripID is the id of the first entry of an app, version and kind: the log takes it once.
func TripID(app, version, kind string) string {
	sum := sha256.Sum256([]byte(app + "\x00" + version + "\x00" + kind))
	return tripPrefix + hex.EncodeToString(sum[:16])
}

// ID is that of the first entry of such a trip. Of one in a check it goes by the binary: other bytes are another trip.
func (t Trip) ID() string {
	if t.Binary != "" {
		return TripID(t.App, t.Binary, t.Kind)
	}
	return TripID(t.App, t.Version, t.Kind)
}

// Details are what an entry of the log says of a trip.
func (t Trip) Details() map[string]string {
	out := map[string]string{"app": t.App, "version": t.Version, "kind": t.Kind, "what": t.What}
	if t.Suspended {
		out["suspended"] = "true"
	}
	if t.Binary != "" {
		out["binary"] = t.Binary
	}
	return out
}

// tripOf reads an entry that begins a case; false for every other.
func tripOf(e *audit.Entry) (Trip, bool) {
	d := e.Details
	t := Trip{App: d["app"], Version: d["version"], Kind: d["kind"], What: d["what"], Suspended: d["suspended"] != "", Binary: d["binary"], Entry: e.ID, At: e.At}
	return t, e.Interaction == Tripwire && strings.HasPrefix(e.ID, tripPrefix) && e.ID == t.ID()
}
