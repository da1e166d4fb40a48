package oauth

import (
	"slices"
	"time"
)

// Strengths of a sign-in, by what it showed. Config.Levels gives each its name, the acr of tokens.
const (
	oneFactor  = 1 // a password
	twoFactors = 2 // a password and a one-time code, or a passkey that verified its user
)

// The words of RFC 8176 for what this server itself checks.
const (
	amrPassword   = "pwd"
	amrCode       = "otp"  // from an app, or a recovery code
	amrKey        = "pop"  // proof of possession of a key: where the passkey keeps it is not attested
	amrUser       = "user" // the passkey checked that somebody was there
	amrSeveral    = "mfa"
	amrEnrolment  = "kba" // the code of the enrolment letter
	maxAskedACR   = 10
	maxAskedAMR   = 16
	defaultLevels = 3
)

// levelNames are the default names of the strengths: those of eIDAS as FranceConnect and Pro Santé Connect write them.
var levelNames = [defaultLevels]string{"eidas1", "eidas2", "eidas3"}

// proof is how somebody showed who they are.
type proof struct {
	acr string
	amr []string
	at  time.Time // of the first factor: a second one makes a sign-in stronger, not younger
}

// acrOf names a strength.
func (s *Server) acrOf(level int) string { return s.levels[level-1] }

// levelOf is the strength that a name stands for; 0 for a name that is not one of the server's.
func (s *Server) levelOf(acr string) int { return slices.Index(s.levels, acr) + 1 }

// satisfies tells whether a sign-in of strength acr is what one of the asked contexts wants: that very one, or a weaker
// one of the server's own. Nothing asked is satisfied by anything.
func (s *Server) satisfies(acr string, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(a string) bool {
		return a == acr || s.levelOf(a) > 0 && s.levelOf(acr) >= s.levelOf(a)
	})
}
