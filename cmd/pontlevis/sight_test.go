package main_test

import (
	"slices"
	"strings"
	"testing"
)

// way is one way of asking for a document of camille's record.
type way struct {
	name string
	// sees asks and reports whether anything of the document came back.
	sees func(r reader, d document) bool
}

// document is one document of the cast: its name, and the address of its bytes.
type document struct{ id, bytes string }

func (d document) ref() string { return "DocumentReference/" + d.id }

// key is the business identifier of a document, as a token of a query.
func (d document) key() string { return "urn:pontlevis:demo|" + d.id }

func found(r reader, path, name string) bool {
	r.t.Helper()
	return slices.Contains(r.walk(path), name)
}

// opens reports whether a read gives something; what it does not give it must not know.
func opens(r reader, path string, headers ...string) bool {
	r.t.Helper()
	a := r.get(path, headers...).is(r.t, 200, 404)
	if a.status == 404 {
		a.outcome(r.t)
	}
	return a.status == 200
}

// waysOf are the ways of asking for the documents of one patient.
func waysOf(s *server, t testing.TB, patient string) []way {
	ins := s.ins(t, patient)
	search := func(query string) func(reader, document) bool {
		return func(r reader, d document) bool { return found(r, strings.ReplaceAll(query, "KEY", d.key()), d.ref()) }
	}
	return []way{
		{"search", search("DocumentReference?patient=" + patient + "&date=ge2000-01-01")},
		{"search of the compartment", search("Patient/" + patient + "/DocumentReference?date=ge2000-01-01")},
		{"search by identifier", search("DocumentReference?patient=" + patient + "&identifier=KEY&date=ge2000-01-01")},
		{"search one by one, newest first", search("DocumentReference?patient=" + patient + "&date=ge2000-01-01&_sort=-date&_count=1")},
		{"search by logical id", func(r reader, d document) bool {
			return found(r, "DocumentReference?_id="+d.id+"&date=ge2000-01-01", d.ref())
		}},
		{"search of some elements", search("DocumentReference?patient=" + patient + "&date=ge2000-01-01&_elements=status")},
		{"chain", search("DocumentReference?patient.identifier=" + ins + "&date=ge2000-01-01")},
		{"_revinclude", search("Patient?_id=" + patient + "&_revinclude=DocumentReference:patient")},
		{"$everything", func(r reader, d document) bool {
			path := "Patient/" + patient + "/$everything?_type=DocumentReference"
			if a := r.get(path).is(r.t, 200, 404); a.status == 404 {
				a.outcome(r.t)
				return false
			}
			return found(r, path, d.ref())
		}},
		{"_has", func(r reader, d document) bool {
			return found(r, "Patient?_id="+patient+"&_has:DocumentReference:patient:identifier="+d.key(), "Patient/"+patient)
		}},
		{"_summary=count", func(r reader, d document) bool {
			return r.get("DocumentReference?patient="+patient+"&date=ge2000-01-01&_summary=count&identifier="+d.key()).is(r.t, 200).total(r.t) > 0
		}},
		{"_total=accurate", func(r reader, d document) bool {
			return r.get("DocumentReference?patient="+patient+"&date=ge2000-01-01&_total=accurate&identifier="+d.key()).is(r.t, 200).total(r.t) > 0
		}},
		{"read", func(r reader, d document) bool { return opens(r, d.ref()) }},
		{"vread", func(r reader, d document) bool { return opens(r, d.ref()+"/_history/1") }},
		{"history", func(r reader, d document) bool { return opens(r, d.ref()+"/_history") }},
		{"bytes as FHIR", func(r reader, d document) bool { return opens(r, d.bytes, "Accept", fhirJSON) }},
		{"bytes as they are", func(r reader, d document) bool { return opens(r, d.bytes, "Accept", "*/*") }},
		{"absolute URL of the bytes", func(r reader, d document) bool { return opens(r, r.s.base+"/fhir/"+d.bytes, "Accept", "*/*") }},
		{"version of the bytes", func(r reader, d document) bool { return opens(r, d.bytes+"/_history/1") }},
	}
}

var (
	letter       = document{"camille-psychiatric-letter", "Binary/camille-psychiatric-letter"}
	announcement = document{"camille-announcement", "Binary/camille-announcement"}
	consultation = document{"camille-consultation", "Binary/camille-consultation"} // its bytes have an absolute URL
	biology      = document{"camille-biology", "Bundle/camille-biology"}           // a structured document
	social       = document{"camille-reimbursement", "Binary/camille-reimbursement"}
)

// TestWhoSeesWhat asks in every way for each kind of document, as each of the cast: what one way hides, all hide.
func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	doctors := []string{"dr-roux", "dr-benali"}
	circle := append(slices.Clone(doctors), "inf-martin", "ph-diallo", "dr-lam")
	outside := []string{"dr-bloque", "dr-urgence", "dr-regul", "as-morel", "dr-travail"}
	everybody := slices.Concat([]string{"camille"}, circle, outside)
	for _, c := range []struct {
		document
		seenBy []string
	}{
		{letter, append([]string{"camille"}, doctors...)},
		{announcement, circle},
		{consultation, append([]string{"camille"}, circle...)},
		{biology, append([]string{"camille"}, circle...)},
		{social, append([]string{"camille"}, doctors...)},
	} {
		for _, who := range everybody {
			t.Run(c.id+"/"+who, func(t *testing.T) {
				t.Parallel()
				want := slices.Contains(c.seenBy, who)
				for _, bound := range []reader{s.about(t, who, "camille"), s.unbound(t, who)} {
					for _, w := range waysOf(s, t, "camille") {
						bound.t = t
						if got := w.sees(bound, c.document); got != want {
							t.Errorf("%s sees %s by %s: %v, want %v", who, c.id, w.name, got, want)
						}
					}
				}
			})
		}
	}
}

// unbound is a token that is not bound to one patient, for those who may have one: professionals.
func (s *server) unbound(t testing.TB, key string) reader {
	t.Helper()
	return s.as(t, key)
}

// TestOtherPeoplesRecordsAreShut: the same questions by people who have nothing to do with camille.
func TestOtherPeoplesRecordsAreShut(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for _, who := range []string{"jeanne", "yanis", "lucas", "karim", "sofia"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			r := s.as(t, who)
			for _, d := range []document{letter, consultation, biology} {
				for _, w := range waysOf(s, t, "camille") {
					if w.sees(r, d) {
						t.Errorf("%s sees %s by %s", who, d.id, w.name)
					}
				}
			}
		})
	}
}

// TestPagesComeBackFull: what is withheld leaves no gap, neither in a page nor at the end (rules.md S1).
func TestPagesComeBackFull(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for _, who := range []string{"dr-roux", "inf-martin", "camille"} {
		r := s.about(t, who, "camille")
		query := "DocumentReference?patient=camille&date=ge2000-01-01&_sort=date"
		all := r.get(query+"&_count=100&_total=accurate").is(t, 200)
		names := all.names(t)
		if n := all.total(t); n != len(names) {
			t.Errorf("%s: total %d of %d entries", who, n, len(names))
		}
		for _, count := range []string{"1", "2", "3"} {
			var paged []string
			for path := query + "&_count=" + count; path != ""; {
				page := r.get(path).is(t, 200)
				got := page.names(t)
				path = page.link(t, "next")
				if path != "" && len(got) != int(count[0]-'0') {
					t.Errorf("%s: a page of %s has %d entries and a next page", who, count, len(got))
				}
				paged = append(paged, got...)
			}
			if !slices.Equal(paged, names) {
				t.Errorf("%s: pages of %s give %v, one page gives %v", who, count, paged, names)
			}
		}
	}
}

// TestBytesAreTheDocument: each of the three shapes of an address gives the document itself (PDSm).
func TestBytesAreTheDocument(t *testing.T) {
	t.Parallel()
	r := readOnly(t).about(t, "dr-roux", "camille")
	for id, begins := range map[string]string{
		"camille-psychiatric-letter": "%PDF-", "camille-consultation": "%PDF-", "camille-reimbursement": "Données de remboursement",
	} {
		content := r.get("DocumentReference/"+id).is(t, 200).resource(t)["content"].(list)[0].(object)
		address := content["attachment"].(object)["url"].(string)
		a := r.get(address, "Accept", "*/*").is(t, 200)
		if !strings.HasPrefix(string(a.body), begins) {
			t.Errorf("%s at %s begins with %.20q", id, address, a.body)
		}
		if got, want := a.header.Get("Content-Type"), content["attachment"].(object)["contentType"]; got != want {
			t.Errorf("%s: Content-Type %s, want %s", id, got, want)
		}
		if b := r.get(address, "Accept", fhirJSON).is(t, 200).resource(t); b["resourceType"] != "Binary" {
			t.Errorf("%s as FHIR is a %v", id, b["resourceType"])
		}
	}
	bundle := r.get("Bundle/camille-biology", "Accept", "*/*").is(t, 200).resource(t)
	if bundle["type"] != "document" {
		t.Errorf("the structured document is a Bundle of type %v", bundle["type"])
	}
	inline := r.get("DocumentReference/camille-nursing").is(t, 200).resource(t)["content"].(list)[0].(object)
	if inline["attachment"].(object)["data"] == nil {
		t.Error("the document given inline has lost its data")
	}
}
