package cage

import (
	"errors"
	"fmt"
	"strings"
)

// Options says how a gateway wants its plugins caged.
type Options struct {
	// Least is the level below which nothing is started. Unset means S3. A lower one takes a Reason.
	Least Level
	// Reason is why Least is below S3, in the operator's words. It is logged at start and shown wherever a level is.
	Reason string
	// Synthetic says that every record is invented. Without it S0 is refused.
	Synthetic bool
	// Socket is the unix socket of a warden that is a service of its own. Without it the gateway starts one itself.
	Socket string
	// Executable is the program that is started as the warden, which must call Main first. Unset means this one.
	Executable string
}

// check refuses options that do not go together, and gives the level below which nothing is started.
func (o Options) check() (Level, error) {
	least := o.Least
	switch {
	case least == Unset:
		least = S3
	case least == S4:
		return Unset, errors.New("cage: level S4 is not built")
	case least < S0 || least > S4:
		return Unset, fmt.Errorf("cage: %v is no level", least)
	}
	if least < S3 && strings.TrimSpace(o.Reason) == "" {
		return Unset, fmt.Errorf("cage: plugins may run below S3 (%v) only for a reason that is written down", least)
	}
	if least == S0 && !o.Synthetic {
		return Unset, errors.New("cage: without a cage (S0) plugins may see invented records only")
	}
	return least, nil
}

// Notice is what is logged at start when the level was lowered, and "" when it was not.
func (o Options) Notice() string {
	least, err := o.check()
	if err != nil || least >= S3 {
		return ""
	}
	return fmt.Sprintf("plugins may run at isolation level %v instead of S3; reason given: %s", least, o.Reason)
}
