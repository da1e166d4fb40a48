package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

const (
	loaders = 16 // readers at the same time
	after   = 12 // reads that each of them begins after the change was answered
)

// holdsAtOnce reads from many goroutines while a change is made: before it some read sees; of the reads that begin after
// its answer has arrived, not one does.
func holdsAtOnce(t *testing.T, name string, sees func(n int) (bool, error), change func()) {
	t.Helper()
	var changed atomic.Bool
	var before, leaked atomic.Int64
	var wg sync.WaitGroup
	warm := make(chan struct{}, loaders)
	for n := range loaders {
		wg.Add(1)
		go func() {
			defer wg.Done()
			signalled := false
			for late := 0; late < after; n++ {
				begunLate := changed.Load()
				got, err := sees(n)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				switch {
				case begunLate:
					if late++; got {
						leaked.Add(1)
					}
				case got:
					before.Add(1)
				}
				if !signalled {
					signalled = true
					warm <- struct{}{}
				}
			}
		}()
	}
	for range loaders {
		<-warm
	}
	func() {
		defer wg.Wait() // also when the change fails the test
		defer changed.Store(true)
		change()
	}()
	if before.Load() == 0 {
		t.Errorf("%s: no read saw anything before the change", name)
	}
	if n := leaked.Load(); n > 0 {
		t.Errorf("%s: %d of %d reads begun after the change still saw", name, n, loaders*after)
	}
}

// looks is a reader's view of one thing, by several ways in turn.
func (r reader) looks(want string, paths ...string) func(int) (bool, error) {
	return func(n int) (bool, error) {
		path := paths[n%len(paths)]
		a, err := r.try(http.MethodGet, path, nil, "Accept", fhirJSON)
		if err != nil {
			return false, err
		}
		if a.status != 200 && a.status != 404 && a.status != 403 && a.status != 401 {
			return false, fmt.Errorf("%s: status %d\n%s", path, a.status, a.text())
		}
		return a.status == 200 && regexp.MustCompile(want).Match(a.body), nil
	}
}

// ways to see one document, and one measure.
func seeing(id string) []string {
	return []string{
		"DocumentReference/" + id, "DocumentReference?patient=camille&date=ge2000&_count=100", "Binary/" + id,
		"DocumentReference/" + id + "/_history", "DocumentReference?patient=camille&date=ge2000&_summary=count&identifier=urn:pontlevis:demo|" + id,
		"Patient?_id=camille&_revinclude=DocumentReference:patient",
	}
}

// seen matches a body that shows something of a document: the document, its bytes, or a count that has it.
func seen(id string) string { return id + `"|"resourceType":"Binary"|"total":1` }

var allergy = []string{"AllergyIntolerance/camille-penicillin", "AllergyIntolerance?patient=camille", "AllergyIntolerance/camille-penicillin/_history"}

// TestMaskHoldsAtTheNextRequest: camille masks by each form of PATCH, and unmasks.
func TestMaskHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, reads := s.as(t, "camille"), s.about(t, "inf-martin", "camille")
	for _, c := range []struct{ name, id, path string }{
		{"direct", "camille-consultation", "DocumentReference/camille-consultation"},
		{"conditional", "camille-prescription", "DocumentReference?identifier=urn:pontlevis:demo|camille-prescription"},
		{"by master identifier", "camille-dental", "DocumentReference?identifier=urn:ietf:rfc:3986|urn:pontlevis:demo:camille-dental"},
	} {
		sees := reads.looks(seen(c.id), seeing(c.id)[:4]...)
		holdsAtOnce(t, c.name+" mask", sees, func() { camille.patch(c.path, addMask).is(t, 200) })
		for _, path := range seeing(c.id)[4:] {
			if got, err := reads.looks(`/`+c.id+`"|"total":[1-9]`, path)(0); got || err != nil {
				t.Errorf("%s: %s still shows it (%v)", c.name, path, err)
			}
		}
		labels := camille.get("DocumentReference/"+c.id).is(t, 200).resource(t)["securityLabel"].(list)
		camille.patch(c.path, object{"op": "remove", "path": "/securityLabel/" + strconv.Itoa(len(labels)-1)}).is(t, 200)
		reads.get("DocumentReference/"+c.id).is(t, 200)
	}
	if n := s.denials(t, ""); n < 6 {
		t.Errorf("pontlevis_time_to_deny_seconds counts %d of six changes", n)
	}
}

// TestBlockHoldsAtTheNextRequest: camille blocks her nurse, and ends the block.
func TestBlockHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, reads := s.as(t, "camille"), s.about(t, "inf-martin", "camille")
	var made object
	holdsAtOnce(t, "block", reads.looks("764146007", allergy...), func() {
		made = camille.post("Consent", blocking("camille", "Practitioner/inf-martin")).is(t, 201).resource(t)
	})
	made["status"] = "inactive"
	camille.put("Consent/"+made["id"].(string), made).is(t, 200)
	reads.get(allergy[0]).is(t, 200)
	if s.denials(t, "block") == 0 {
		t.Error("pontlevis_time_to_deny_seconds does not count the block")
	}
}

// TestWithdrawalHoldsAtTheNextRequest: camille withdraws her initial consent, and gives it again. Her médecin traitant
// and the author keep sight (rules.md P3, L6).
func TestWithdrawalHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, reads := s.as(t, "camille"), s.about(t, "ph-diallo", "camille")
	consent := camille.get("Consent/camille-consent").is(t, 200).resource(t)
	consent["status"] = "inactive"
	holdsAtOnce(t, "withdrawal", reads.looks("764146007", allergy...), func() { camille.put("Consent/camille-consent", consent).is(t, 200) })
	s.about(t, "inf-martin", "camille").get(allergy[0]).is(t, 404)
	s.about(t, "inf-martin", "camille").get("DocumentReference/camille-nursing").is(t, 200)
	s.about(t, "dr-roux", "camille").get(allergy[0]).is(t, 200)
	consent["status"] = "active"
	camille.put("Consent/camille-consent", consent).is(t, 200)
	reads.get(allergy[0]).is(t, 200)
	if s.denials(t, "initial") < 2 {
		t.Error("pontlevis_time_to_deny_seconds does not count the withdrawal and the new consent")
	}
}

// TestEndedLinkHoldsAtTheNextRequest: camille ends the link of her nurse in the circle, and makes it again.
func TestEndedLinkHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, reads := s.as(t, "camille"), s.about(t, "inf-martin", "camille")
	circle := camille.get("CareTeam/camille-circle").is(t, 200).resource(t)
	all := circle["participant"].(list)
	circle["participant"] = slices.DeleteFunc(slices.Clone(all), func(p any) bool {
		return p.(object)["member"].(object)["reference"] == "Practitioner/inf-martin"
	})
	holdsAtOnce(t, "ended link", reads.looks("764146007", allergy...), func() { camille.put("CareTeam/camille-circle", circle).is(t, 200) })
	circle["participant"] = all
	camille.put("CareTeam/camille-circle", circle).is(t, 200)
	reads.get(allergy[0]).is(t, 200)
}

// TestAppConsentHoldsAtTheNextRequest: camille ends what she agreed with an app, and agrees again.
func TestAppConsentHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, reads := s.as(t, "camille"), s.as(t, "camille", "--client", "glycare")
	agreed := camille.get("Consent/camille-app-glycare").is(t, 200).resource(t)
	agreed["status"] = "inactive"
	measures := []string{"Observation/camille-glucose-1", "Observation?patient=camille&code=2339-0"}
	holdsAtOnce(t, "app consent", reads.looks("2339-0", measures...), func() { camille.put("Consent/camille-app-glycare", agreed).is(t, 200) })
	agreed["status"] = "active"
	camille.put("Consent/camille-app-glycare", agreed).is(t, 200)
	reads.get(measures[0]).is(t, 200)
}

// TestRevokedTokenHoldsAtTheNextRequest: a token ended at /oauth2/revoke gives nothing (RFC 7009).
func TestRevokedTokenHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	reads := s.about(t, "dr-roux", "camille")
	holdsAtOnce(t, "revoked token", reads.looks("764146007", allergy...), func() {
		form := url.Values{"token": {reads.token}, "client_id": {"portal"}}
		reader{t, s, ""}.send(http.MethodPost, s.base+"/oauth2/revoke", []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").is(t, 200)
	})
	reads.get(allergy[0]).is(t, 401)
	again := reader{t, s, s.mint(t, "dr-roux", "--patient", "camille", "--purpose", "TREAT")}
	again.get(allergy[0]).is(t, 200)
	if s.denials(t, "token") == 0 {
		t.Error("pontlevis_time_to_deny_seconds does not count the revoked token")
	}
}

var denialLine = regexp.MustCompile(`(?m)^pontlevis_time_to_deny_seconds_count\{change="([^"]*)"\} (\d+)$`)

// denials is how many changes the metric has counted, of one kind or of all.
func (s *server) denials(t testing.TB, kind string) int {
	t.Helper()
	n := 0
	for _, m := range denialLine.FindAllStringSubmatch(s.metrics(t), -1) {
		if count, err := strconv.Atoi(m[2]); err == nil && (kind == "" || m[1] == kind) {
			n += count
		}
	}
	return n
}
