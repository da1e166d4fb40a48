package gate

import (
	"fmt"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
)

// Answer is what leaves the gate: a FHIR body, or the bytes of a document.
type Answer struct {
	Status      int
	ContentType string // "" is application/fhir+json
	Version     int    // of the one resource in Body; 0 when it is not one
	Updated     time.Time
	Location    string // of what was created, relative to the base
	Body        []byte

	nothing bool // it shows nothing: what is absent would be answered alike
}

// Refusal is an answer that gives nothing of a record, with what the person who asked may know of why.
type Refusal struct {
	Status int
	Issues []fhir.Issue
	Allow  []string // methods, with 405
	Retry  time.Duration
	Rule   string // which rule refused, where that may be known; "" else

	silent bool // what is absent would be refused alike
}

func (r *Refusal) Error() string {
	if len(r.Issues) == 0 {
		return http.StatusText(r.Status)
	}
	return r.Issues[0].EN
}

func refusal(status int, code, fr, en string) *Refusal {
	return &Refusal{Status: status, Issues: []fhir.Issue{{Severity: "error", Code: code, FR: fr, EN: en}}}
}

// nothingHere is the one answer for what is absent and for what is forbidden. It must not vary.
func nothingHere() *Refusal {
	no := refusal(http.StatusNotFound, "not-found",
		"Rien ici que vous puissiez voir. Si vous soignez cette personne, demandez-lui son accord ou, en cas d'urgence, ouvrez un accès d'urgence.",
		"Nothing here that you may see. If you care for this person, ask for their consent or, in an emergency, open an emergency access.")
	no.silent = true
	return no
}

// notYours is the same for writes.
func notYours() *Refusal {
	no := refusal(http.StatusForbidden, "forbidden",
		"Vous ne pouvez pas écrire ici, ou ce dossier n'existe pas.",
		"You may not write here, or there is no such record.")
	no.silent = true
	return no
}

// told is a refusal whose reason and remedy the one who asked may know, with the decision's id in the log.
func told(d *policies.Decision, entry string) *Refusal {
	issues := []fhir.Issue{{
		Severity: "error", Code: "forbidden", Diagnostics: "rule " + d.Rule + ", decision " + entry,
		FR: sentence(d.Reason.FR, d.Remedy.FR), EN: sentence(d.Reason.EN, d.Remedy.EN),
	}}
	for _, o := range d.Obligations {
		if state, _ := o.Properties["state"].(string); o.Type == dutyLifecycle && state != "" {
			issues = append(issues, lifecycleIssue(o.Properties))
		}
	}
	return &Refusal{Status: http.StatusForbidden, Issues: append(issues, notices(d)...), Rule: d.Rule}
}

// lifecycleIssue says the state of a space and its dates, as the holder may know them.
func lifecycleIssue(of map[string]any) fhir.Issue {
	fr, en := "État de l'espace : %s", "State of the space: %s"
	values := []any{of["state"]}
	for _, one := range []struct{ name, fr, en string }{
		{"since", ", depuis le %s", ", since %s"}, {"until", ", jusqu'au %s", ", until %s"},
	} {
		if at, ok := of[one.name].(string); ok {
			fr, en, values = fr+one.fr, en+one.en, append(values, at)
		}
	}
	return fhir.Issue{Severity: "information", Code: "informational", FR: fmt.Sprintf(fr+".", values...), EN: fmt.Sprintf(en+".", values...)}
}

func sentence(reason, remedy string) string {
	if remedy == "" {
		return reason
	}
	return reason + " " + remedy
}

// notices are what permitted answers say in words (rules.md S2): informational issues, nothing of what is withheld.
func notices(decisions ...*policies.Decision) []fhir.Issue {
	var out []fhir.Issue
	said := map[string]bool{}
	for _, d := range decisions {
		for _, o := range d.Obligations {
			fr, _ := o.Properties["fr"].(string)
			en, _ := o.Properties["en"].(string)
			if o.Type == dutyNotice && fr != "" && !said[fr] {
				said[fr] = true
				out = append(out, fhir.Issue{Severity: "information", Code: "informational", FR: fr, EN: en})
			}
		}
	}
	return out
}
