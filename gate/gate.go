package gate

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Config is what a gate stands on. Every field but Proofs, Host, Limits, Now, Meter, Silence and Overdue is required.
type Config struct {
	Records  record.Source    // where the records are; nothing else in the process may hold it
	Lives    space.Lifecycles // the lifecycle of each space
	Policies *policies.Engine // who decides
	Log      *audit.Log       // where each access is written before its answer leaves
	Grants   Grants           // who a token stands for
	Proofs   []string         // algorithms of the DPoP proofs that Grants takes; none when it takes no bound tokens
	Base     string           // absolute URL of the FHIR endpoint, without a trailing slash
	Host     string           // certified host that Records is (rules.md L8), "" when one source holds every category
	Key      []byte           // 32 bytes that seal the cursors of pages
	Limits   record.Limits    // bounds of a request; zero fields take their defaults
	Now      func() time.Time
	Meter    Meter

	// Silence is the time that an answer takes which says that nothing is there, or a whole number of times that when the
	// work took longer. Zero: it leaves as soon as it is ready, and its time may tell what is absent from what is hidden.
	Silence time.Duration

	// Drills are the logical ids of the invented people with whom emergencies are practised: nobody is told of it.
	Drills []string

	// Overdue says how many emergency openings of an organisation wait for a verdict past their date (rules.md E5).
	// Nil where no register of cases is kept: then there are none.
	Overdue func(organizations []string) int
}

// Meter is told what the gate does, for metrics. No identity passes through it. Nil functions are not called.
type Meter struct {
	Decided  func(rule, outcome string, n int) // outcome: granted or refused
	Answered func(interaction string, status int, took time.Duration)
	Logged   func(took time.Duration)              // how long the durable entry of an access took
	Denied   func(kind string, took time.Duration) // from the arrival of a change of the space until it is in force
}

// Gate is the one way to the records behind it. It is safe for concurrent use.
type Gate struct {
	Config
	source *withLog // Records with the access log beside them
	sealer *record.Sealer
	known  *snapshots
	turns  turns // of changes of a space
	finds  turns // of what looks for something before it makes it
	parts  parts
	also   *space.Link // a link that every space has besides its own; nil: none
	beside *Gate       // the gate that this one stands aside of (eyes.go): what follows from a version is kept once for both; nil: none
	knower *Gate       // the gate whose facts decide here; nil: this one
	aside  bool        // it only shows what would be: it logs nothing and demands no sign-in (eyes.go)
}

// New builds a gate. It opens nothing and starts nothing.
func New(c Config) (*Gate, error) {
	if c.Records == nil || c.Policies == nil || c.Log == nil || c.Grants == nil || c.Lives.DB == nil {
		return nil, errors.New("gate: records, lifecycles, policies, log and grants are all required")
	}
	if c.Base == "" || strings.HasSuffix(c.Base, "/") {
		return nil, fmt.Errorf("gate: the base %q must be an absolute URL without a trailing slash", c.Base)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	sealer, err := record.NewSealer(c.Key, c.Now)
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &Gate{Config: c, sealer: sealer, known: newSnapshots(), turns: turns{seed: maphash.MakeSeed()}, finds: turns{seed: maphash.MakeSeed()}}
	g.source = &withLog{Source: c.Records, log: c.Log, base: c.Base, rules: c.Policies, size: -1}
	return g, nil
}

func (g *Gate) overdue(organizations []string) int {
	if g.Overdue == nil {
		return 0
	}
	return g.Overdue(organizations)
}

func (m Meter) decided(rule string, allow bool, n int) {
	if m.Decided != nil {
		m.Decided(rule, outcome(allow), n)
	}
}

func outcome(allow bool) string {
	if allow {
		return audit.Granted
	}
	return audit.Refused
}
