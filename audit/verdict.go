package audit

import (
	"fmt"
	"strings"
)

// Kind says what is wrong with a log.
type Kind string

// What Verify finds.
const (
	Changed    Kind = "changed"    // an entry or its salt is not what the tree commits to
	Removed    Kind = "removed"    // an entry is gone
	Reordered  Kind = "reordered"  // an entry stands in another's place
	Added      Kind = "added"      // an entry stands beyond the log's end
	Hash       Kind = "hash"       // a stored hash is not that of what it covers
	Rewritten  Kind = "rewritten"  // the entries are not those of a signed checkpoint, though the hashes fit them
	Signature  Kind = "signature"  // a checkpoint is not signed by the log's key
	Larger     Kind = "larger"     // a checkpoint vouches for entries that the log does not have
	Index      Kind = "index"      // an index leads nowhere, or not to an entry
	Unattested Kind = "unattested" // an entry was erased and no entry says so
	Head       Kind = "head"       // the log's head does not fit its checkpoint
	Journal    Kind = "journal"    // what the journal holds does not continue the log
)

var kindTexts = map[Kind]struct{ fr, en string }{
	Changed:    {"entrée modifiée", "entry changed"},
	Removed:    {"entrée supprimée", "entry removed"},
	Reordered:  {"entrée déplacée", "entry moved"},
	Added:      {"entrée ajoutée hors du journal", "entry added beyond the log's end"},
	Hash:       {"empreinte modifiée", "hash changed"},
	Rewritten:  {"entrées réécrites depuis un point de contrôle signé", "entries rewritten since a signed checkpoint"},
	Signature:  {"signature du point de contrôle invalide", "checkpoint signature is not valid"},
	Larger:     {"entrées supprimées à la fin du journal", "entries removed from the log's end"},
	Index:      {"index incohérent", "index does not match"},
	Unattested: {"entrée effacée sans trace", "entry erased without a trace"},
	Head:       {"tête du journal incohérente", "the log's head does not match"},
	Journal:    {"les dernières entrées, en attente, ne continuent pas le journal", "the newest entries, in the journal, do not continue the log"},
}

// Text returns what the kind means, in French and in English.
func (k Kind) Text() (fr, en string) {
	t := kindTexts[k]
	return t.fr, t.en
}

// Finding is one thing that is wrong, with the place.
type Finding struct {
	Kind Kind `json:"kind"`
	// Sequence is the entry concerned, the first of them when Through is greater. For a checkpoint it is the size it signs.
	Sequence int64  `json:"sequence"`
	Through  int64  `json:"through"`
	Detail   string `json:"detail,omitempty"`
}

// String names kind and place in one English line.
func (f Finding) String() string {
	_, en := f.Kind.Text()
	place := fmt.Sprintf("%d", f.Sequence)
	if f.Through > f.Sequence {
		place = fmt.Sprintf("%d to %d", f.Sequence, f.Through)
	}
	if f.Detail == "" {
		return fmt.Sprintf("%s: %s", place, en)
	}
	return fmt.Sprintf("%s: %s (%s)", place, en, f.Detail)
}

// Result is the verdict on a whole log.
type Result struct {
	Origin      string    `json:"origin"`
	Size        int64     `json:"size"`        // entries, erased ones included
	Root        string    `json:"root"`        // of the tree recomputed from the entries, base64
	Checkpoints int       `json:"checkpoints"` // how many signed checkpoints were met
	Erased      []int64   `json:"erased"`      // sequences of entries whose records were erased, as the log itself says
	Findings    []Finding `json:"findings"`
	More        int       `json:"more"` // findings beyond those listed
}

// OK reports whether nothing is wrong.
func (r Result) OK() bool { return len(r.Findings) == 0 }

// String is the verdict in English: a line, then a line for each finding.
func (r Result) String() string {
	var b strings.Builder
	verdict := "intact"
	if !r.OK() {
		verdict = "NOT intact"
	}
	fmt.Fprintf(&b, "%s: %d entries (%d erased), %d checkpoints, root %s: %s\n",
		r.Origin, r.Size, len(r.Erased), r.Checkpoints, r.Root, verdict)
	for _, f := range r.Findings {
		b.WriteString(f.String())
		b.WriteByte('\n')
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	return b.String()
}

// maxFindings bounds the list: a log that is wrong throughout need not be told a million times.
const maxFindings = 1000

func (r *Result) find(f Finding) {
	f.Through = max(f.Through, f.Sequence)
	if len(r.Findings) == maxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}
