package sentence_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/sentence"
)

const g15 = "urn:oid:1.2.250.1.71.1.2.7"

var at = time.Date(2026, 11, 12, 8, 40, 0, 0, time.UTC)

func maker(t testing.TB) *sentence.Maker {
	t.Helper()
	m, err := sentence.New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// names know two organisations and two apps.
var names = sentence.Names{
	Organization: func(ref string) string {
		return map[string]string{"Organization/cabinet": "Cabinet du Pont", "Organization/samu": "SAMU du département"}[ref]
	},
	App: func(client string) sentence.App {
		return map[string]sentence.App{
			"glycare": {FR: "Glycare", EN: "Glycare"}, "portal": {FR: "Mon espace", EN: "My space", Portal: true},
		}[client]
	},
	Reason: func(mode, code string) (fr, en string) {
		return "La personne est inconsciente.", "The person is unconscious."
	},
}

func reasons(rule string) (fr, en string) { return "Une raison en français.", "A reason in English." }

// access is an entry of the log as the gate shows it.
func access(t testing.TB, e audit.Entry) sentence.Access {
	t.Helper()
	if e.ID == "" {
		e.ID = audit.NewID()
	}
	if e.At.IsZero() {
		e.At = at
	}
	r, err := fhir.ParseResource(e.AuditEvent("http://pontlevis.test/fhir", reasons))
	if err != nil {
		t.Fatal(err)
	}
	a, ok := sentence.Of(r)
	if !ok {
		t.Fatalf("an entry of the log was not taken for one: %s", r.JSON())
	}
	return a
}

func roux(e audit.Entry) audit.Entry {
	e.Patient, e.Mode, e.Outcome = "camille", "normal", audit.Granted
	e.Actor = audit.Agent{Kind: "professional", ID: "Practitioner/roux", Name: "Dr Anne Roux", Profession: g15 + "|10", Organization: "Organization/cabinet"}
	e.Client, e.Interaction, e.Rule = "portal", "search-type", "P1.circle"
	return e
}

func TestOneVisitIsOneSentence(t *testing.T) {
	t.Parallel()
	all := []sentence.Access{
		access(t, roux(audit.Entry{At: at.Add(3 * time.Minute), Rule: "x"})),
		access(t, roux(audit.Entry{At: at.Add(2 * time.Minute), Resources: []string{"AllergyIntolerance/a"}})),
		access(t, roux(audit.Entry{At: at.Add(time.Minute), Resources: []string{"DocumentReference/3", "Binary/1", "Binary/2"}})),
		access(t, roux(audit.Entry{Resources: []string{"DocumentReference/1", "DocumentReference/2"}})),
	}
	all[3].Rule = "L6.treating"
	visits := sentence.Visits(all)
	if len(visits) != 1 {
		t.Fatalf("%d visits, want 1", len(visits))
	}
	for lang, want := range map[string]string{
		"fr": "Le 12 novembre à 9 h 40, Dr Anne Roux (médecin, Cabinet du Pont), votre médecin traitant, a lu 3 documents et vos allergies.",
		"en": "On 12 November at 09:40, Dr Anne Roux (doctor, Cabinet du Pont), your médecin traitant, read 3 documents and your allergies.",
	} {
		told := maker(t).Visit(&visits[0], sentence.Reader{Lang: lang, Own: true, Now: at}, names)
		if diff := cmp.Diff(want, told.Sentence); diff != "" {
			t.Error(diff)
		}
		if len(told.Accesses) != 4 || len(told.Why) != 1 {
			t.Errorf("%d accesses for %d reasons, want 4 for 1", len(told.Accesses), len(told.Why))
		}
	}
}

func TestVisitsAreByActorAndTime(t *testing.T) {
	t.Parallel()
	other := roux(audit.Entry{At: at.Add(-time.Minute)})
	other.Actor.ID, other.Actor.Name = "Practitioner/martin", "Mme Martin"
	refused := roux(audit.Entry{At: at.Add(-2 * time.Minute)})
	refused.Outcome = audit.Refused
	var got []string
	for _, v := range sentence.Visits([]sentence.Access{
		access(t, roux(audit.Entry{At: at})), access(t, other), access(t, refused),
		access(t, roux(audit.Entry{At: at.Add(-30 * time.Minute)})), access(t, roux(audit.Entry{At: at.Add(-61 * time.Minute)})),
	}) {
		got = append(got, fmt.Sprintf("%s %s %d", v.Latest().Name, v.Latest().Outcome, len(v.Accesses)))
	}
	if diff := cmp.Diff([]string{"Dr Anne Roux granted 2", "Mme Martin granted 1", "Dr Anne Roux refused 1", "Dr Anne Roux granted 1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	glass := func(stage int) audit.Entry {
		e := roux(audit.Entry{Reason: "unconscious", Stage: stage, Resources: []string{"AllergyIntolerance/a"}})
		e.Mode = "bris_de_glace"
		return e
	}
	self := audit.Entry{Patient: "camille", Mode: "normal", Outcome: audit.Granted, Client: "portal", Actor: audit.Agent{Kind: "patient", ID: "Patient/camille", Name: "Camille"}}
	with := func(e audit.Entry, change func(*audit.Entry)) audit.Entry { change(&e); return e }
	for _, c := range []struct {
		e      audit.Entry
		fr, en string
	}{
		{glass(2), "Dr Anne Roux (médecin, Cabinet du Pont) a lu vos allergies, en accès d’urgence (bris de glace) étendu au reste du dossier ; motif : la personne est inconsciente.",
			"Dr Anne Roux (doctor, Cabinet du Pont) read your allergies, in an emergency access (break-glass), extended to the rest of the record; reason: the person is unconscious."},
		{with(self, func(e *audit.Entry) {
			e.Interaction, e.Client = "search-type", "glycare"
			e.Resources = []string{"Observation/1"}
		}),
			"vous, avec l’application « Glycare », avez lu vos mesures et résultats.", "you, with the app “Glycare”, read your measurements and results."},
		{with(self, func(e *audit.Entry) { // this server took back what the app had left
			e.Interaction, e.Action, e.Client = "transaction", "D", "schedule"
			e.Details, e.Resources = map[string]string{"via": "glycare", "action": "D"}, []string{"Appointment/1"}
		}),
			"vous, avec l’application « Glycare », avez supprimé 1 rendez-vous.", "you, with the app “Glycare”, removed 1 appointment."},
		{with(self, func(e *audit.Entry) {
			e.Interaction, e.Resources = "create", []string{"Observation/1", "Observation/2"}
		}),
			"vous avez ajouté 2 mesures ou résultats.", "you added 2 measurements or results."},
		{with(self, func(e *audit.Entry) {
			e.Interaction, e.Resources, e.Details = "create", []string{"Consent/1"}, map[string]string{"kind": "block", "verb": "give"}
		}), "vous avez fait un choix de partage (bloquer quelqu’un).", "you made a sharing choice (block somebody)."},
		{with(roux(audit.Entry{Resources: []string{"DocumentReference/1"}}), func(e *audit.Entry) { e.Outcome, e.Interaction = audit.Refused, "read" }),
			"Dr Anne Roux (médecin, Cabinet du Pont) a essayé de lire 1 document, et l’accès a été refusé.", "Dr Anne Roux (doctor, Cabinet du Pont) tried to read 1 document, and was not let in."},
		{with(roux(audit.Entry{}), func(e *audit.Entry) { e.Outcome = audit.Failed }),
			"Dr Anne Roux (médecin, Cabinet du Pont) a essayé de lire votre dossier, mais une panne l’a empêché.", "Dr Anne Roux (doctor, Cabinet du Pont) tried to read your record, but a fault prevented it."},
		{with(roux(audit.Entry{}), func(e *audit.Entry) { e.Interaction, e.Mode, e.Reason = "open-emergency", "centre_15", "call" }),
			"Dr Anne Roux (médecin, Cabinet du Pont) a ouvert votre dossier, pour un appel au SAMU ; motif : la personne est inconsciente.",
			"Dr Anne Roux (doctor, Cabinet du Pont) opened your record, for an emergency call (SAMU); reason: the person is unconscious."},
		{with(self, func(e *audit.Entry) {
			e.Interaction, e.Details = "search-type", map[string]string{"connexion": "secrete"}
		}),
			"vous avez cherché dans votre dossier sans rien y lire, en connexion secrète.", "you looked through your record and read nothing, in a secret connection."},
	} {
		for lang, want := range map[string]string{"fr": c.fr, "en": c.en} {
			r := sentence.Reader{Lang: lang, Own: true, Self: []string{"Patient/camille"}, Now: at}
			_, got, _ := strings.Cut(maker(t).Access(access(t, c.e), r, names), ", ")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// coded is what a sentence for people never holds: codes, ids, types of FHIR, verbs that were not filled in.
var coded = regexp.MustCompile(`%|!\(|[|_/]|urn:|\b[A-Z]\d+\.|secret-|\b(DocumentReference|Observation|Practitioner|Organization|Device|Patient|Consent)\b|bris_de|centre_15|search|unconscious-code|  | ,|,,|\(\)|\.\.`)

// TestEveryCombination makes the sentence of each kind of actor, action, mode, stage, outcome, type, for each reader, in
// both languages.
func TestEveryCombination(t *testing.T) {
	t.Parallel()
	m, n := maker(t), 0
	kinds := []string{"patient", "representative", "carer", "helper", "professional", "system", "", "secret-kind"}
	interactions := []string{
		"read", "search-type", "operation", "create", "update", "delete", "transaction", "open-emergency", "end-emergency", "export", "scan-card", "ask-emergency", "find-patient", "emergency-receipt", "look", "review-own", "review-ask", "review-say", "review-see", "review-close", "secret-interaction",
	}
	touched := [][]string{nil, {"DocumentReference/secret-1"}, {"AllergyIntolerance/secret-1", "Binary/secret-2", "Observation/secret-3"}, {"Consent/secret-1"}, {"AuditEvent/secret-1"}}
	check := func(e audit.Entry, self bool) {
		a := access(t, e)
		for _, lang := range []string{"fr", "en"} {
			for _, own := range []bool{true, false} {
				r := sentence.Reader{Lang: lang, Own: own, Now: at}
				if self {
					r.Self = []string{e.Actor.ID}
				}
				visit := sentence.Visits([]sentence.Access{a, a})
				told := m.Visit(&visit[0], r, names)
				all := append([]string{told.Sentence, told.Mode, told.Accesses[0].Does}, told.Why...)
				n += len(all)
				for _, said := range all {
					if len(said) < 5 {
						t.Errorf("%s: %q says nothing (%+v)", lang, said, e)
					}
				}
				if found := coded.FindString(strings.Join(all, "\n")); found != "" {
					t.Errorf("%s: %q shows %q (%+v)", lang, all, found, e)
				}
				if !strings.HasSuffix(told.Sentence, ".") {
					t.Errorf("%q is no sentence", told.Sentence)
				}
			}
		}
	}
	for _, kind := range kinds {
		for _, interaction := range interactions {
			for _, mode := range []string{"normal", "bris_de_glace", "centre_15"} {
				for _, outcome := range []string{audit.Granted, audit.Refused, audit.Failed} {
					for k, refs := range touched {
						e := audit.Entry{
							Patient: "camille", Interaction: interaction, Mode: mode, Outcome: outcome, Resources: refs, Reason: "unconscious-code", Stage: k % 4,
							Rule: "P1.circle", Client: []string{"", "portal", "glycare", "secret-app", "pontlevis"}[k],
							Actor: audit.Agent{Kind: kind, ID: "Practitioner/secret-1", Name: []string{"Dr Roux", ""}[k%2], Profession: g15 + "|10", Organization: "Organization/secret"},
						}
						check(e, k == 3)
					}
				}
			}
		}
	}
	if n < 10000 {
		t.Errorf("only %d sentences were made", n)
	}
}

func TestEveryTypeProfessionAndChoiceHasWords(t *testing.T) {
	t.Parallel()
	m := maker(t)
	say := func(lang string, e audit.Entry) string {
		said := m.Access(access(t, e), sentence.Reader{Lang: lang, Own: true, Now: at}, names)
		if found := coded.FindString(said); found != "" {
			t.Errorf("%q shows %q", said, found)
		}
		return said
	}
	for _, lang := range []string{"fr", "en"} {
		for _, resourceType := range fhir.Types() {
			said := say(lang, roux(audit.Entry{Resources: []string{resourceType + "/x"}}))
			if strings.Contains(said, "quelque chose") || strings.Contains(said, "something") {
				t.Errorf("%s has no words: %q", resourceType, said)
			}
		}
		for _, system := range []string{g15, "urn:oid:1.2.250.1.213.1.1.5.5", "urn:oid:1.2.250.1.213.1.6.1.109", "urn:oid:1.2.250.1.213.1.6.1.4", "urn:oid:1.2.250.1.213.1.6.1.140", "urn:unknown"} {
			for code := range 100 {
				e := roux(audit.Entry{})
				e.Actor.Profession = fmt.Sprintf("%s|%d", system, code)
				say(lang, e)
			}
		}
		general := map[string]string{"fr": "un choix qui règle", "en": "a choice that governs"}[lang]
		for _, kind := range []string{
			"initial", "consultation", "express", "block", "hide", "default-mask", "switches", "administrator", "app", "refuse-depositor", "end-link", "card",
			"circle", "legal-representative", "carer", "helper", "relative", "unheard-of",
		} {
			for _, verb := range []string{"give", "end", "change"} {
				e := roux(audit.Entry{Resources: []string{"Consent/x"}, Details: map[string]string{"kind": kind, "verb": verb}})
				e.Interaction = "create"
				if said := say(lang, e); strings.Contains(said, general) != (kind == "unheard-of") {
					t.Errorf("%s %s: %q", kind, verb, said)
				}
			}
		}
	}
}

func TestOfTakesNothingElse(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"resourceType":"AuditEvent","recorded":"2026-11-12T08:40:00Z","agent":[{"requestor":true}]}`,
		`{"resourceType":"AuditEvent","recorded":"yesterday"}`, `{"resourceType":"Patient"}`,
	} {
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := sentence.Of(r); ok {
			t.Errorf("%s was taken for an entry of the log", body)
		}
	}
}
