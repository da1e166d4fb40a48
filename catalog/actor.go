package catalog

import (
	"slices"

	"github.com/pontlevis/pontlevis/gate"
)

// Roles by which an account has a part in the catalogue.
const (
	RoleVendor = "vendor" // of the publisher that its first organisation is
	RoleLabel  = "label"  // of the label authority
)

// As is somebody in one part of the catalogue; ok is false when that part is not theirs. The part of a publisher is for its
// own apps alone.
func As(part string, who gate.Actor) (by Actor, ok bool) {
	by = Actor{Part: part, ID: who.ID, Name: who.Name}
	switch part {
	case Publisher:
		if !slices.Contains(who.Roles, RoleVendor) || len(who.Organizations) == 0 || who.Organizations[0] == "" {
			return Actor{}, false
		}
		by.Owner = who.Organizations[0]
		return by, true
	case Authority:
		return by, slices.Contains(who.Roles, RoleLabel)
	case Person:
		return by, slices.Contains([]string{"patient", "representative", "carer", "helper", "professional"}, who.Kind) && who.ID != ""
	}
	return Actor{}, false
}
