package hooks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// maxCall bounds the body of a call: an order of many lines, and a prefetch that is not looked at.
const maxCall = 1 << 20

// call is the body of a call (CDS Hooks 2.0, "Calling a CDS Service"). prefetch is not among it: what a client sends nobody
// decided on, so it is not read at all.
type call struct {
	Hook          string          `json:"hook"`
	Instance      string          `json:"hookInstance"`
	Server        string          `json:"fhirServer"`
	Authorization *authorization  `json:"fhirAuthorization"`
	Context       json.RawMessage `json:"context"`

	patient string // context.patientId
}

// authorization is fhirAuthorization: what else it says of the token is the client's word, and not believed.
type authorization struct {
	Token string `json:"access_token"`
	Type  string `json:"token_type"`
}

// uuid is the form of a hookInstance and of the ids of cards (RFC 9562).
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// readBody reads a bounded JSON body into v.
func readBody(w http.ResponseWriter, r *http.Request, most int64, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem(http.StatusUnsupportedMediaType, "The body must be application/json.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return problem(http.StatusRequestEntityTooLarge, "The body is longer than this service takes.")
	case err != nil:
		return problem(http.StatusBadRequest, "The body could not be read.")
	}
	n, err := fhir.Parse(raw, fhir.Limits{}) // bounds its depth and width, and refuses a member that is there twice
	if err != nil {
		return problem(http.StatusBadRequest, "The body is no JSON, is nested too deep, or has a member twice.")
	}
	if name := unlike(n, 0); name != "" {
		return problem(http.StatusBadRequest, "Names of members are case-sensitive: write "+name+".")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return problem(http.StatusBadRequest, "A member of the body is of the wrong type.")
	}
	return nil
}

// members are the names that are read here (CDS Hooks 2.0, "Calling a CDS Service", "Feedback", and the contexts of its
// hooks). They are case-sensitive, and encoding/json is not: it takes "PatientID" for patientId, and the last of two.
var members = []string{
	"hook", "hookInstance", "fhirServer", "fhirAuthorization", "access_token", "token_type", "context", "prefetch",
	"userId", "patientId", "encounterId", "selections", "draftOrders", "appointments", "order", "performer", "task",
	"feedback", "card", "outcome", "acceptedSuggestions", "id", "overrideReason", "reason", "outcomeTimestamp",
}

// named is how far below the top members go by these names: further down is FHIR.
const named = 2

// unlike is a name that a member of n should have, of those that are read here, and has in another case; "" for none.
func unlike(n *fhir.Node, depth int) string {
	for name, value := range n.Fields() {
		for _, right := range members {
			if name != right && strings.EqualFold(name, right) {
				return right
			}
		}
		if name == "prefetch" || name == "extension" || depth == named {
			continue
		}
		for one := range value.Each() {
			if right := unlike(one, depth+1); right != "" {
				return right
			}
		}
	}
	return ""
}

// readCall reads a call and says what is wrong with it.
func readCall(w http.ResponseWriter, r *http.Request, fhirServer string) (*call, error) {
	c := new(call)
	if err := readBody(w, r, maxCall, c); err != nil {
		return nil, err
	}
	var known struct {
		Patient string `json:"patientId"`
	}
	switch {
	case c.Hook == "":
		return nil, problem(http.StatusBadRequest, "hook is missing.")
	case !uuid.MatchString(c.Instance):
		return nil, problem(http.StatusBadRequest, "hookInstance must be a UUID.")
	case len(c.Context) == 0 || bytes.TrimSpace(c.Context)[0] != '{':
		return nil, problem(http.StatusBadRequest, "context must be an object.")
	case json.Unmarshal(c.Context, &known) != nil || !fhir.IsID(known.Patient):
		return nil, problem(http.StatusBadRequest, "context.patientId must be the logical id of a Patient.")
	case c.Authorization != nil && c.Server == "":
		return nil, problem(http.StatusBadRequest, "fhirServer is required beside fhirAuthorization.")
	case c.Authorization != nil && (c.Authorization.Token == "" || c.Authorization.Type != "Bearer"):
		return nil, problem(http.StatusBadRequest, "fhirAuthorization needs an access_token of the token_type Bearer.")
	case c.Server != "" && c.Server != fhirServer && c.Server != fhirServer+"/":
		return nil, problem(http.StatusPreconditionFailed, "The services here know the records of this server alone: fhirServer is another.")
	}
	c.patient = known.Patient
	return c, nil
}
