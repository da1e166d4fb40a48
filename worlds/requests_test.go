package worlds

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

const root = "/fhir"

var requestsFrom = dawn.Add(24 * time.Hour)

// request is one request of a sequence, the same in both worlds. {made} in its path or body is what the last deposit
// made, {etag} the version that the last answer showed.
type request struct {
	kind    string
	who     string
	method  string
	path    string
	query   []string // name=value, encoded
	headers [][2]string
	body    string
	pages   bool // follow the links of next pages to the end
	resume  bool // rather than this: take up the oldest page that was never followed
	aside   bool // somebody who may know asks this: its answer is not compared
}

func (r request) target() string {
	if len(r.query) == 0 {
		return r.path
	}
	return r.path + "?" + strings.Join(r.query, "&")
}

// asker draws requests about a scene, most of them about what is hidden.
type asker struct {
	*rand.Rand
	scene  scene
	who    string
	hidden []*fhir.Resource // of the first world and the second
	all    []*fhir.Resource
	types  []string
	edges  []edge // references from or to what is hidden
}

func newAsker(s scene, who string, r *rand.Rand) *asker {
	a := &asker{Rand: r, scene: s, who: who}
	for _, p := range slices.Concat(s.one, s.two) {
		if p.body != nil {
			a.hidden = append(a.hidden, parsed(p.body))
		}
	}
	a.all = slices.Clone(a.hidden)
	for _, p := range s.both {
		if p.body != nil {
			a.all = append(a.all, parsed(p.body))
		}
	}
	for _, p := range people(s.patient) {
		a.all = append(a.all, parsed(p.body))
	}
	for _, r := range a.all {
		a.types = append(a.types, r.Type())
	}
	a.edges = edgesOf(a)
	return a
}

// people are the resources of society in a record.
func people(patient string) []put {
	var out []put
	for _, p := range society() {
		if p.patient == patient {
			out = append(out, p)
		}
	}
	return out
}

func (a *asker) chance(p float64) bool { return a.Float64() < p }

// one draws a resource of either world, of a type where one is named; nil when there is none.
func (a *asker) one(kind string) *fhir.Resource {
	from := a.all
	if len(a.hidden) > 0 && a.chance(0.6) {
		from = a.hidden
	}
	if kind != "" {
		from = slices.DeleteFunc(slices.Clone(from), func(r *fhir.Resource) bool { return r.Type() != kind })
	}
	if len(from) == 0 {
		return nil
	}
	return pick(a.Rand, from)
}

// ref draws a reference: to what is in the worlds, now and then to nothing.
func (a *asker) ref() string {
	if a.chance(0.05) {
		return pick(a.Rand, a.types) + "/nothing"
	}
	if a.chance(0.05) {
		return "{made}"
	}
	r := a.one("")
	return refOf(r.Type(), r.ID())
}

func (a *asker) kind() string {
	if a.chance(0.1) {
		return pick(a.Rand, fhir.CompartmentTypes())
	}
	if a.chance(0.05) {
		return pick(a.Rand, []string{"AuditEvent", "Practitioner", "Binary", "Bundle", "Consent", "Device", "Medication"})
	}
	return a.one("").Type()
}

type drawing struct {
	name   string
	weight int
	draw   func(a *asker) request
}

var drawings = []drawing{
	{"search", 40, (*asker).search},
	{"post-search", 4, (*asker).postSearch},
	{"compartment", 5, (*asker).compartment},
	{"log", 8, (*asker).log},
	{"read", 10, (*asker).read},
	{"conditional-read", 5, (*asker).conditionalRead},
	{"bytes", 5, (*asker).bytes},
	{"vread", 4, (*asker).vread},
	{"history", 6, (*asker).history},
	{"history-wide", 3, (*asker).historyWide},
	{"everything", 4, (*asker).everything},
	{"operation", 3, (*asker).operation},
	{"patch", 4, (*asker).patch},
	{"conditional-patch", 3, (*asker).conditionalPatch},
	{"put", 3, (*asker).put},
	{"conditional-put", 2, (*asker).conditionalPut},
	{"delete", 2, (*asker).remove},
	{"conditional-delete", 2, (*asker).conditionalDelete},
	{"create", 4, (*asker).create},
	{"conditional-create", 3, (*asker).conditionalCreate},
	{"transaction", 3, (*asker).transaction},
	{"batch", 3, (*asker).batch},
	{"malformed", 3, (*asker).malformed},
	{"resume", 3, func(*asker) request { return request{method: "GET", resume: true} }},
	{"aside", 3, (*asker).aside},
}

var weights = func() (sum int) {
	for _, d := range drawings {
		sum += d.weight
	}
	return sum
}()

// next draws a request.
func (a *asker) next() request {
	n := a.IntN(weights)
	for _, d := range drawings {
		if n -= d.weight; n < 0 {
			r := d.draw(a)
			r.kind = d.name
			if r.who == "" {
				r.who = a.who
			}
			if r.method == "GET" && a.chance(0.08) {
				r.method = "HEAD"
			}
			return r
		}
	}
	panic("weights do not sum")
}

func (a *asker) read() request {
	r := request{method: "GET", path: root + "/" + a.ref()}
	if a.chance(0.15) {
		r.query = append(r.query, a.shape())
	}
	return a.accept(r)
}

func (a *asker) accept(r request) request {
	if a.chance(0.15) {
		r.headers = append(r.headers, [2]string{"Accept", pick(a.Rand, []string{"application/fhir+json", "application/json", "application/fhir+xml", "*/*", "text/plain", "application/pdf", "text/html;q=0.9"})})
	}
	if a.chance(0.08) {
		r.query = append(r.query, "_format="+pick(a.Rand, []string{"json", "xml", "application/fhir%2Bjson", "html", "ttl"}))
	}
	return r
}

// conditions draws the headers of a conditional request.
func (a *asker) conditionalRead() request {
	r := request{method: "GET", path: root + "/" + a.ref()}
	switch a.IntN(3) {
	case 0:
		r.headers = [][2]string{{"If-None-Match", pick(a.Rand, []string{`W/"1"`, `W/"2"`, `W/"3"`, "*", "{etag}"})}}
	case 1:
		r.headers = [][2]string{{"If-Modified-Since", dawn.Add(time.Duration(a.IntN(30)) * time.Hour).Format("Mon, 02 Jan 2006 15:04:05 GMT")}}
	default:
		r.headers = [][2]string{{"If-Match", pick(a.Rand, []string{`W/"1"`, `W/"2"`, "*"})}}
	}
	return r
}

func (a *asker) bytes() request {
	kind, id := pick(a.Rand, []string{"Binary", "Bundle"}), "nothing"
	if d := a.one("DocumentReference"); d != nil {
		id = d.ID()
	}
	if b := a.one("Bundle"); b != nil && a.chance(0.5) {
		kind, id = "Bundle", b.ID()
	}
	r := request{method: "GET", path: root + "/" + kind + "/" + id}
	if a.chance(0.5) {
		r.headers = [][2]string{{"Accept", pick(a.Rand, []string{"text/plain", "application/pdf", "*/*", "application/fhir+json", "application/octet-stream"})}}
	}
	if a.chance(0.2) {
		r.path += "/_history/1"
	}
	return r
}

func (a *asker) vread() request {
	return request{method: "GET", path: root + "/" + a.ref() + "/_history/" + pick(a.Rand, []string{"1", "1", "2", "3", "99", "x"})}
}

func (a *asker) historyQuery(r request) request {
	if a.chance(0.3) {
		r.query = append(r.query, "_count="+pick(a.Rand, []string{"0", "1", "2", "50"}))
	}
	if a.chance(0.3) {
		name, layout := pick(a.Rand, []string{"_since", "_at"}), time.RFC3339
		if name == "_at" {
			layout = pick(a.Rand, []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04Z", "2006-01"})
		}
		r.query = append(r.query, name+"="+url.QueryEscape(dawn.Add(time.Duration(a.IntN(26))*time.Hour).Format(layout)))
	}
	r.pages = true
	return r
}

func (a *asker) history() request {
	return a.historyQuery(request{method: "GET", path: root + "/" + a.ref() + "/_history"})
}

func (a *asker) historyWide() request {
	path := root + "/_history"
	if a.chance(0.7) {
		path = root + "/" + a.kind() + "/_history"
	}
	r := a.historyQuery(request{method: "GET", path: path})
	if a.chance(0.2) {
		r.query = append(r.query, "patient="+a.scene.patient)
	}
	return r
}

func (a *asker) everything() request {
	r := request{method: "GET", path: root + "/Patient/" + a.person() + "/$everything", pages: true}
	if a.chance(0.5) {
		r.query = append(r.query, "_count="+strconv.Itoa(1+a.IntN(6)))
	}
	if a.chance(0.4) {
		r.query = append(r.query, "_type="+a.kind()+","+a.kind())
	}
	if a.chance(0.3) {
		r.query = append(r.query, "_since="+url.QueryEscape(dawn.Add(time.Duration(a.IntN(26))*time.Hour).Format(time.RFC3339)))
	}
	return r
}

func (a *asker) person() string {
	if a.chance(0.1) {
		return pick(a.Rand, []string{"camille", "lucas", "nora", "paul", "absente", "nobody"})
	}
	return a.scene.patient
}

func (a *asker) operation() request {
	r := request{method: "GET", pages: true}
	switch a.IntN(3) {
	case 0:
		r.path, r.query = root+"/DocumentReference/$docref", []string{"patient=" + a.person()}
	case 1:
		r.path, r.query = root+"/Observation/$lastn", []string{"patient=" + a.person(), "max=" + strconv.Itoa(1+a.IntN(3))}
	default:
		r.path = root + "/" + a.ref() + "/" + pick(a.Rand, []string{"$everything", "$document", "$validate", "$meta"})
	}
	return r
}

func (a *asker) log() request {
	q := []string{"patient=" + a.person()}
	if a.chance(0.4) {
		q = append(q, a.criterion("AuditEvent", 1)...)
	}
	if a.chance(0.3) {
		q = append(q, "entity="+url.QueryEscape(a.ref()))
	}
	for range a.IntN(3) {
		q = append(q, a.control("AuditEvent"))
	}
	return request{method: "GET", path: root + "/AuditEvent", query: q, pages: true}
}

func (a *asker) malformed() request {
	method := pick(a.Rand, []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"})
	r := request{method: method, path: root + "/" + a.ref() + pick(a.Rand, []string{"", "/", "//", "/_history/0", "/x", "%00", "/_history/1/y", "?", "/$nothing", "/_search"})}
	r.query = []string{pick(a.Rand, []string{"_count=-1", "_count=x", "_sort=nothing", "_page=garbage", "_include=x", "date=2026-13-45", "_has:x=1", "a;b=c", "_format=%ZZ", "_total=some", "_filter=status%20eq%20current"})}
	if method == "POST" || method == "PUT" {
		r.headers = [][2]string{{"Content-Type", pick(a.Rand, []string{"application/fhir+json", "text/plain", "application/x-www-form-urlencoded"})}}
		r.body = pick(a.Rand, []string{"{", "", `{"resourceType":"Nothing"}`, `{"resourceType":"Observation","id":"x"}`})
	}
	return r
}

// Writes.

func (a *asker) patchBody() string {
	label, _ := json.Marshal(obj{"coding": labels(pick(a.Rand, []string{masque, unseen, secret}))})
	return pick(a.Rand, []string{
		`[{"op":"replace","path":"/status","value":"superseded"}]`,
		`[{"op":"add","path":"/securityLabel","value":[` + string(label) + `]}]`,
		`[{"op":"add","path":"/securityLabel/-","value":` + string(label) + `}]`,
		`[{"op":"test","path":"/status","value":"current"},{"op":"replace","path":"/status","value":"current"}]`,
		`[{"op":"test","path":"/meta/versionId","value":"1"}]`,
		`[{"op":"test","path":"/relatesTo/0/target/reference","value":"` + a.ref() + `"}]`,
		`[{"op":"remove","path":"/securityLabel"}]`,
		`[{"op":"replace","path":"/description","value":"x"}]`,
		`[{"op":"add","path":"/meta/security","value":[{"system":"` + maskURL + `","code":"MASQUE_PS"}]}]`,
		`[]`,
	})
}

func (a *asker) ifMatch(r request) request {
	if a.chance(0.4) {
		r.headers = append(r.headers, [2]string{"If-Match", pick(a.Rand, []string{`W/"1"`, `W/"2"`, `W/"9"`, "{etag}"})})
	}
	if a.chance(0.2) {
		r.headers = append(r.headers, [2]string{"Prefer", pick(a.Rand, []string{"return=minimal", "return=representation", "return=OperationOutcome"})})
	}
	return r
}

func (a *asker) patch() request {
	return a.ifMatch(request{method: "PATCH", path: root + "/" + a.ref(), body: a.patchBody(), headers: [][2]string{{"Content-Type", "application/json-patch+json"}}})
}

func (a *asker) conditionalPatch() request {
	kind := pick(a.Rand, []string{"DocumentReference", "DocumentReference", a.kind()})
	return a.ifMatch(request{method: "PATCH", path: root + "/" + kind, query: a.criterion(kind, 1), body: a.patchBody(),
		headers: [][2]string{{"Content-Type", "application/json-patch+json"}}})
}

func (a *asker) put() request {
	r := a.one(pick(a.Rand, []string{"", "Consent", "CareTeam", "RelatedPerson", "DocumentReference", "Patient"}))
	if r == nil {
		r = a.one("")
	}
	body := string(r.JSON())
	if a.chance(0.5) {
		body = string(r.Node().With("status", []byte(`"inactive"`)))
	}
	return a.ifMatch(request{method: "PUT", path: root + "/" + refOf(r.Type(), r.ID()), body: body, headers: [][2]string{{"Content-Type", "application/fhir+json"}}})
}

func (a *asker) remove() request {
	return a.ifMatch(request{method: "DELETE", path: root + "/" + a.ref()})
}

func (a *asker) conditionalPut() request {
	r := a.put()
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.path, root+"/"), "/")
	r.path, r.query = root+"/"+kind, a.criterion(kind, 2)
	if body := parsed([]byte(r.body)); a.chance(0.5) {
		r.body = string(body.Node().Without("id"))
	}
	return r
}

func (a *asker) conditionalDelete() request {
	kind := a.kind()
	return a.ifMatch(request{method: "DELETE", path: root + "/" + kind, query: a.criterion(kind, 2)})
}

// deposit draws a resource that somebody adds, with references to what is hidden.
func (a *asker) deposit() (kind string, body obj) {
	patient := a.person()
	t := traits{id: "x", author: strings.TrimPrefix(actorOf(a.who), "Practitioner/"), code: pick(a.Rand, docCodes), date: requestsFrom.Format(time.RFC3339), text: "ajout"}
	for range a.IntN(3) {
		t.links = append(t.links, a.ref())
	}
	if a.chance(0.25) {
		t.labels = []string{pick(a.Rand, []string{masque, unseen, secret})}
	}
	if kind = pick(a.Rand, []string{"DocumentReference", "DocumentReference", "Observation", "Condition", "List", "Composition", "Consent"}); kind == "Consent" {
		json.Unmarshal(consents(patient, "x", "hide", obj{"type": "deny", "data": list{obj{"meaning": "instance", "reference": ref(a.ref())}},
			"actor": list{obj{"role": concept("x", "y"), "reference": ref("Practitioner/dr-loin")}}}).body, &body)
	} else if kind != "DocumentReference" {
		body = clinical(kind, patient, t)
	} else {
		body = document(patient, t, "Binary")
		if len(t.links) > 0 && a.chance(0.5) {
			body["relatesTo"] = list{obj{"code": pick(a.Rand, []string{"replaces", "appends", "transforms"}), "target": ref(t.links[0])}}
		}
		if a.chance(0.75) {
			body["content"] = list{obj{"attachment": obj{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte("contenu"))}}}
		} else if h := a.one("DocumentReference"); h != nil {
			body["content"] = list{obj{"attachment": obj{"contentType": "text/plain", "url": "Binary/" + h.ID()}}}
		}
		delete(body, "masterIdentifier")
	}
	delete(body, "id")
	if h := a.one(""); a.chance(0.5) && h.Node().Get("identifier") != nil && kind != "Consent" {
		var id any
		json.Unmarshal(h.Node().Get("identifier").Bytes(), &id)
		if _, many := id.([]any); many && kind != "Composition" {
			body["identifier"] = id
		}
	}
	return kind, body
}

func actorOf(who string) string {
	if g := grants[who]; g != nil {
		return g.Actor.ID
	}
	return ""
}

func text(body obj) string {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (a *asker) create() request {
	kind, body := a.deposit()
	return a.ifMatch(request{method: "POST", path: root + "/" + kind, body: text(body), headers: [][2]string{{"Content-Type", "application/fhir+json"}}})
}

func (a *asker) conditionalCreate() request {
	r := a.create()
	kind := strings.TrimPrefix(r.path, root+"/")
	r.headers = append(r.headers, [2]string{"If-None-Exist", strings.Join(a.criterion(kind, 1), "&")})
	return r
}

func (a *asker) transaction() request {
	var entries list
	for i := range 1 + a.IntN(2) {
		kind, body := a.deposit()
		request := obj{"method": "POST", "url": kind}
		if a.chance(0.3) {
			request["ifNoneExist"] = strings.Join(a.criterion(kind, 1), "&")
		}
		entries = append(entries, obj{"fullUrl": "urn:uuid:1111111" + strconv.Itoa(i) + "-1111-4111-8111-111111111111", "resource": body, "request": request})
	}
	return request{method: "POST", path: root, body: text(obj{"resourceType": "Bundle", "type": "transaction", "entry": entries}), headers: [][2]string{{"Content-Type", "application/fhir+json"}}}
}

// batch is a Bundle of requests that are each decided by themselves.
func (a *asker) batch() request {
	var entries list
	for range 1 + a.IntN(4) {
		var r request
		switch a.IntN(4) {
		case 0:
			r = a.search()
		case 1:
			r = a.vread()
		case 2:
			r = a.history()
		default:
			r = a.read()
		}
		q := obj{"method": "GET", "url": strings.TrimPrefix(r.target(), root+"/")}
		if a.chance(0.2) {
			q["ifNoneMatch"] = `W/"1"`
		}
		entries = append(entries, obj{"request": q})
	}
	return request{method: "POST", path: root, body: text(obj{"resourceType": "Bundle", "type": "batch", "entry": entries}), headers: [][2]string{{"Content-Type", "application/fhir+json"}}}
}

// aside is something that somebody who may know does to what is in both worlds while the other reads on.
func (a *asker) aside() request {
	who := "dr-roux"
	if a.scene.patient != "camille" {
		who = "dr-roux@" + a.scene.patient
	}
	hidden := []byte(a.scene.hidden) // who may know of it may do otherwise to what names it
	targets := slices.DeleteFunc(slices.Clone(a.scene.both), func(p put) bool { return bytes.Contains(p.body, hidden) })
	if a.chance(0.5) || len(targets) == 0 {
		r := request{who: who, method: "GET", path: root + "/DocumentReference", query: []string{"patient=" + a.scene.patient}, aside: true}
		if a.chance(0.5) {
			r.path = root + "/Observation"
		}
		return r
	}
	target := pick(a.Rand, targets)
	body := `[{"op":"add","path":"/securityLabel","value":[]}]`
	if target.ref.Type == "DocumentReference" {
		body = `[{"op":"replace","path":"/status","value":"superseded"}]`
	}
	return request{who: who, method: "PATCH", path: root + "/" + target.ref.String(), body: body, aside: true, headers: [][2]string{{"Content-Type", "application/json-patch+json"}}}
}
