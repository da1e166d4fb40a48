package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// An invitation is a RelatedPerson that waits (space.InvitationOf). Its code is made from a key of ours and from what the
// invitation says openly, so that whoever invited can read it again, and nobody else can make it.

// codeLength is how many letters and digits a code has: 16 of 32 are 80 bits, which nobody guesses.
const codeLength = 16

// InvitationCode is the code of an invitation to a space, four groups of four, by the word that tells it from others there.
func (g *Gate) InvitationCode(patient, word string) string {
	sum := hmac.New(sha256.New, g.Key)
	fmt.Fprintf(sum, "invitation\x00%s\x00%s", patient, word)
	code := base32.StdEncoding.EncodeToString(sum.Sum(nil))[:codeLength]
	return strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, "-")
}

// InvitationDigest is what the identifier of an invitation holds in the place of its code: spaces, hyphens and case do not
// count.
func InvitationDigest(code string) string {
	code = strings.ToUpper(strings.Join(strings.FieldsFunc(code, func(r rune) bool { return r == ' ' || r == '-' }), ""))
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// Invitation is what somebody who shows the code of an invitation is told of it.
type Invitation struct {
	Patient string // logical id
	Name    string // whose space it is
	Kind    string // space.Carer or space.Helper
	Until   time.Time
}

// Invited tells what an invitation is to, for whoever shows its code. grant names who asks; its patient does not matter. A
// *Refusal says that there is no such invitation, or why it may not be taken.
func (g *Gate) Invited(ctx context.Context, grant *Grant, code string) (*Invitation, error) {
	return g.invited(ctx, grant, code, false)
}

// AcceptInvitation makes the delegation that an invitation is to, for the one who shows its code: decided, and written in
// the log of the space, like any other choice.
func (g *Gate) AcceptInvitation(ctx context.Context, grant *Grant, code string) (*Invitation, error) {
	return g.invited(ctx, grant, code, true)
}

func (g *Gate) invited(ctx context.Context, grant *Grant, code string, take bool) (*Invitation, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	before, err := g.invitation(ctx, code)
	if err != nil {
		return nil, err
	}
	own := *grant
	own.ID, own.Patient, own.Actor.Kind = grant.ID+"-accepts", before.Patient, "carer" // whoever accepts is about to be one
	h := g.hear(&own)
	h.proved = true
	was, err := before.Resource()
	if err != nil {
		return nil, err
	}
	after, err := taken(was, own.Actor.ID)
	if err != nil {
		return nil, err
	}
	out := &Invitation{Patient: before.Patient, Kind: space.DelegationKind(was)}
	_, out.Until, _ = fhir.ParseDate(was.Node().At("period", "end").Text())
	i := &record.Interaction{Kind: record.KindUpdate, Ref: before.Ref, Resource: after, Return: record.ReturnMinimal}
	if take {
		_, err = h.govern(ctx, i, before)
	} else {
		err = h.showInvitation(ctx, i, before)
	}
	if err != nil {
		return nil, err
	}
	out.Name, err = g.nameOf(ctx, before.Patient)
	return out, err
}

// invitation finds a living invitation by its code.
func (g *Gate) invitation(ctx context.Context, code string) (*record.Stored, error) {
	refs, err := g.Records.Lookup(ctx, "RelatedPerson", space.InvitationSystem+"|"+InvitationDigest(code))
	if err != nil {
		return nil, fmt.Errorf("finding an invitation: %w", err)
	}
	if len(refs) != 1 {
		return nil, noInvitation()
	}
	stored, err := g.Records.Read(ctx, refs[0])
	if errors.Is(err, record.ErrNotFound) || err == nil && stored.Deleted {
		return nil, noInvitation()
	}
	if err != nil {
		return nil, fmt.Errorf("reading an invitation: %w", err)
	}
	return stored, nil
}

func noInvitation() *Refusal {
	return refusal(http.StatusNotFound, "not-found",
		"Aucune invitation n'a ce code, ou quelqu'un l'a déjà prise. Vérifiez-le, ou demandez une autre invitation.",
		"No invitation has this code, or somebody took it already. Check it, or ask for another invitation.")
}

// taken is the delegation that an invitation becomes when somebody takes it.
func taken(was *fhir.Resource, who string) (*fhir.Resource, error) {
	var resource map[string]any
	if err := json.Unmarshal(was.JSON(), &resource); err != nil {
		return nil, fmt.Errorf("reading an invitation: %w", err)
	}
	resource["active"] = true
	resource["identifier"] = []any{map[string]any{"system": space.PersonSystem, "value": who}}
	body, err := json.Marshal(resource)
	if err != nil {
		return nil, fmt.Errorf("writing a delegation: %w", err)
	}
	return fhir.ParseResource(body)
}

// showInvitation decides whether an invitation could be taken, and logs that it was looked at.
func (h *hearing) showInvitation(ctx context.Context, i *record.Interaction, before *record.Stored) error {
	facts, err := h.factsFor(ctx, before.Patient)
	if err != nil {
		return err
	}
	change, issues, err := h.checkSpace(ctx, facts, i, before)
	if err != nil {
		return err
	}
	d, err := h.change(ctx, facts, actionGovern, i.Resource.Attributes(), h.changeInput(change), parsedState{i.Resource.Stamp(i.Ref.ID, "1", h.now)}, before)
	if err != nil {
		return err
	}
	looked := &record.Interaction{Kind: record.KindRead, Ref: before.Ref}
	if !d.Allow {
		return h.refuseWrite(ctx, looked, before.Patient, d, []string{before.Ref.String()})
	}
	entry := decided(h.newEntry(looked, before.Patient), d)
	entry.Resources = []string{before.Ref.String()}
	if len(issues) > 0 {
		return h.illSaid(ctx, entry, issues)
	}
	delete(entry.Details, "notify") // nothing was chosen yet
	entry.Outcome = audit.Granted
	return h.append(ctx, entry)
}
