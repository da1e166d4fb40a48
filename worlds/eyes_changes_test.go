package worlds

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/space"
)

// change draws something that a holder may be about to save: most of the time of what decides who sees what.
func (a *asker) change() request {
	r := a.settling()
	if a.chance(0.25) {
		r = pick(a.Rand, []func(*asker) request{(*asker).patch, (*asker).put, (*asker).create, (*asker).transaction, (*asker).conditionalPut, (*asker).conditionalCreate, (*asker).remove})(a)
	}
	r.who = a.who
	return r
}

func (a *asker) settling() request {
	patient := a.scene.patient
	who := "Practitioner/" + pick(a.Rand, []string{"dr-lam", "dr-loin", "dr-roux", "dr-bloque", "dr-passe", "dr-benali", "inf-martin", "ph-diallo", "kine-petit"})
	actor := list{obj{"role": concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"), "reference": ref(who)}}
	profession := list{obj{"role": concept(space.ActorSystem, "profession"), "reference": obj{"identifier": obj{
		"system": nurse[:len(nurse)-3], "value": pick(a.Rand, []string{"10", "21", "60", "70"})}}}}
	period := obj{"start": requestsFrom.Add(-1e9).Format("2006-01-02T15:04:05Z")}
	says := func(kind string, provision obj) request {
		body := consents(patient, "x", kind, provision).body
		n := parsed(body).Node()
		dated := fhirNode(n.With("dateTime", []byte(`"`+requestsFrom.Format("2006-01-02T15:04:05Z")+`"`)))
		return sent("POST", "Consent", dated.Without("id"))
	}
	switch a.IntN(12) {
	case 0, 1, 2:
		return a.relabel()
	case 3:
		return says(space.Block, obj{"type": "deny", "actor": actor})
	case 4:
		return says(space.Hide, obj{"type": "deny", "actor": pick(a.Rand, []list{actor, profession}), "data": list{obj{"meaning": "instance", "reference": ref(a.ref())}}})
	case 5:
		return says(pick(a.Rand, []string{space.Consultation, space.Express}), obj{"type": "permit", "actor": actor, "period": obj{
			"start": period["start"], "end": requestsFrom.AddDate(0, 0, 1).Format("2006-01-02T15:04:05Z")}})
	case 6:
		return says(space.Administrator, obj{"type": "permit", "actor": actor, "period": period})
	case 7:
		return says(space.EndLink, obj{"type": "deny", "actor": actor})
	case 8:
		switches := list{}
		for _, name := range []string{space.SwitchSAMU, space.SwitchGlass, space.SwitchMasked} {
			switches = append(switches, obj{"type": pick(a.Rand, []string{"permit", "deny"}), "purpose": list{obj{"system": space.PurposeSystem, "code": name}}})
		}
		return says(space.Switches, obj{"type": "permit", "provision": switches})
	case 9:
		return a.amended("Consent", func(body obj) { body["status"] = "inactive" })
	case 10:
		return a.amended("RelatedPerson", func(body obj) { body["active"] = false })
	}
	return a.amended("CareTeam", func(body obj) {
		members, _ := body["participant"].(list)
		if len(members) > 1 {
			k := a.IntN(len(members))
			members = slices.Delete(members, k, k+1)
		}
		body["participant"] = append(members, obj{"member": ref(who), "period": period})
	})
}

// relabel draws another set of labels for a document.
func (a *asker) relabel() request {
	target := a.one("DocumentReference")
	if target == nil {
		return a.patch()
	}
	set := list{}
	for _, l := range []string{masque, secret} {
		if a.chance(0.5) {
			set = append(set, obj{"coding": labels(l)})
		}
	}
	body, _ := json.Marshal(list{obj{"op": "add", "path": "/securityLabel", "value": set}})
	return request{method: "PATCH", path: root + "/DocumentReference/" + target.ID(), body: string(body), headers: [][2]string{{"Content-Type", "application/json-patch+json"}}}
}

// amended draws a resource of the space with something of it changed.
func (a *asker) amended(kind string, change func(obj)) request {
	all := slices.DeleteFunc(people(a.scene.patient), func(p put) bool { return p.ref.Type != kind })
	if len(all) == 0 {
		return a.relabel()
	}
	var body obj
	p := pick(a.Rand, all)
	if err := json.Unmarshal(p.body, &body); err != nil {
		panic(err)
	}
	change(body)
	b, _ := json.Marshal(body)
	return sent("PUT", p.ref.String(), b)
}

func sent(method, path string, body []byte) request {
	return request{method: method, path: root + "/" + path, body: string(body), headers: [][2]string{{"Content-Type", "application/fhir+json"}}}
}

func fhirNode(b []byte) *fhir.Node {
	n, err := fhir.Parse(b, fhir.Limits{})
	if err != nil {
		panic(err)
	}
	return n
}

// look draws a read or a search.
func (a *asker) look() request {
	r := pick(a.Rand, []func(*asker) request{
		(*asker).search, (*asker).search, (*asker).wholeType, (*asker).wholeType, (*asker).wholeType, (*asker).wholeType, (*asker).wholeType, (*asker).wholeType, (*asker).compartment, (*asker).read, (*asker).read,
		(*asker).conditionalRead, (*asker).bytes, (*asker).vread, (*asker).history, (*asker).historyWide, (*asker).everything, (*asker).operation,
	})(a)
	r.who = a.who
	return r
}

// wholeType asks for all that there is of a type.
func (a *asker) wholeType() request {
	kind := a.one("").Type()
	r := request{method: "GET", path: root + "/" + kind, query: []string{"patient=" + a.scene.patient}, pages: true}
	if kind == "DocumentReference" && a.chance(0.5) { // past the years that a first search goes back
		r.query = append(r.query, "date=ge2000")
	}
	if a.chance(0.3) {
		r.query = append(r.query, "_count="+pick(a.Rand, []string{"1", "2", "3"}))
	}
	return r
}

// readsLog reports whether a request may show entries of the access log.
func (r request) readsLog() bool {
	return strings.Contains(r.target(), "AuditEvent") || strings.Contains(r.path, "$everything") || r.path == root+"/_history"
}

// http is the request as it comes to the gate.
func (r request) http() *http.Request {
	out, err := http.NewRequest(r.method, "http://worlds.test"+r.target(), strings.NewReader(r.body))
	if err != nil {
		return nil
	}
	for _, h := range r.headers {
		out.Header.Add(h[0], h[1])
	}
	return out
}
