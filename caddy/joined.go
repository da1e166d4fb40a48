package pontlevis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
)

// linkedAtOnce bounds how many members one entry of the log names.
const linkedAtOnce = 50

// logsLinks gives what writes into the log whom an import lets into a space, before the import is written: the person is
// told of it by whoever follows the log (rules.md P2), whatever becomes of the process. An entry goes by what it says, so
// that an import that goes on after a kill says it once.
func logsLinks(log *audit.Log) func(context.Context, []importer.Change) error {
	return func(ctx context.Context, changes []importer.Change) error {
		entries := linksOf(changes, time.Now().UTC())
		err := log.Append(ctx, entries...)
		if !errors.Is(err, audit.ErrExists) {
			return err
		}
		for _, e := range entries { // some were logged before a kill
			if err := log.Append(ctx, e); err != nil && !errors.Is(err, audit.ErrExists) {
				return err
			}
		}
		return nil
	}
}

// linked is whom an import lets into one space.
type linked struct {
	names, refs []string
	sum         hash.Hash
}

// linksOf are the entries that say whom changes let in, a few names each.
func linksOf(changes []importer.Change, now time.Time) (out []audit.Entry) {
	by := map[string]*linked{}
	for _, c := range changes {
		joined := space.Joined(c.Patient, c.Before, c.After)
		if len(joined) == 0 {
			continue
		}
		l := by[c.Patient]
		if l == nil {
			l = &linked{sum: sha256.New()}
			by[c.Patient] = l
		}
		for _, name := range joined {
			if !slices.Contains(l.names, name) && !strings.ContainsAny(name, " \n") {
				l.names = append(l.names, name)
			}
		}
		l.refs = append(l.refs, c.Ref.String())
		l.sum.Write(c.After.JSON())
	}
	for patient, l := range by {
		id := "import-" + hex.EncodeToString(l.sum.Sum([]byte{})[:16])
		for k := 0; k < len(l.names); k += linkedAtOnce {
			out = append(out, audit.Entry{
				ID: fmt.Sprintf("%s-%d", id, k/linkedAtOnce), At: now, Patient: patient, Outcome: audit.Granted,
				Actor: audit.Agent{Kind: "system", Name: "pontlevis"}, Interaction: "import", Action: "C",
				Resources: l.refs[:min(len(l.refs), linkedAtOnce)],
				Details:   map[string]string{"linked": strings.Join(l.names[k:min(k+linkedAtOnce, len(l.names))], " ")},
			})
		}
	}
	return out
}
