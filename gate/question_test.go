package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// asking is what dr-loin, who has no link, would be given, before there is a reason.
func (w *world) asking(name string) *Grant {
	g := w.emergency(name)
	g.Reason = ""
	return g
}

// TestAskEmergency: each answer is the policies', nothing is opened, and the question is in the log.
func TestAskEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.live("closed", "closed")
	far := w.asking("dr-loin")
	silent := "Nobody was found"
	for _, tt := range []struct {
		name, whose string
		grant       *Grant
		rule, said  string // of a refusal that is told; part of one that is not
	}{
		{"by id", "Patient/camille", far, "", ""},
		{"by identifier", "urn:ins|1", far, "", ""},
		{"a link is enough", "Patient/camille", w.asking("dr-roux"), "E4.enough", ""},
		{"no professional", "Patient/camille", w.asking("sofia"), "E1.profession", ""},
		{"unknown", "urn:ins|999", far, "", silent},
		{"unknown id", "Patient/zzz", far, "", silent},
		{"closed", "Patient/closed", far, "", silent},
		{"blocked", "Patient/camille", w.asking("dr-bloque"), "", silent},
		{"normal mode", "Patient/camille", w.grants["dr-loin"], "", silent},
	} {
		n, err := w.gate.AskEmergency(t.Context(), tt.grant, tt.whose)
		var no *Refusal
		switch {
		case tt.said != "":
			if !errors.As(err, &no) || no.Status != 404 || !strings.Contains(no.Issues[0].EN, tt.said) || no.Issues[0].FR == "" || no.Rule != "" {
				t.Errorf("%s: %+v, %v", tt.name, n, err)
			}
		case err != nil || n.Patient != "camille" || n.ID == "" || n.Typed || n.Drill:
			t.Errorf("%s: %+v, %v", tt.name, n, err)
		case tt.rule == "" && n.No != nil, tt.rule != "" && (n.No == nil || n.No.Rule != tt.rule):
			t.Errorf("%s: told %+v", tt.name, n.No)
		}
	}
	asked := 0
	for _, e := range w.entries("camille") {
		if e.Interaction == "open-emergency" || e.Details["notify"] != "" || e.Details["case_due_hours"] != "" {
			t.Errorf("a question opened something: %+v", e)
		}
		if e.Interaction == "ask-emergency" {
			asked++
		}
	}
	if asked != 6 || len(w.entries("")) != 1 || len(w.entries("closed")) != 1 {
		t.Errorf("%d questions in the log, %d of nobody", asked, len(w.entries("")))
	}
	w.db.log.Store(true)
	if _, err := w.gate.AskEmergency(t.Context(), far, "Patient/camille"); !errors.Is(err, errBroken) {
		t.Errorf("a question that cannot be logged: %v", err)
	}
}

// TestAskEmergencyOverdue: the question tells that a reason in writing will be asked for, and so the third opening.
func TestAskEmergencyOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Overdue = func([]string) int { return 2 }
	if n, err := w.gate.AskEmergency(t.Context(), w.asking("dr-loin"), "Patient/camille"); err != nil || !n.Typed {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestFindByTraits: one exact match or nobody, never the first of several; each attempt is logged.
func TestFindByTraits(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	person := func(id, family, given, born, gender, more string) {
		w.open(id)
		w.put(id, `{"resourceType":"Patient","id":"`+id+`","name":[{"use":"official","family":"`+family+`","given":["`+given+`","Louise"]}],"birthDate":"`+born+`","gender":"`+gender+`"`+more+`}`)
	}
	person("anne", "Le Goff-Müller", "Anne", "1970-05-06", "female", "")
	person("twin-1", "Petit", "Léa", "2001-01-01", "female", "")
	person("twin-2", "Petit", "Lola", "2001-01-01", "female", "")
	person("same-1", "Blanc", "Marie", "1960-02-02", "female", "")
	person("same-2", "Blanc", "Marie", "1960-02-02", "female", "")
	person("gone", "Noir", "Paul", "1950-03-03", "male", `,"active":false`)
	person("shut", "Vert", "Luc", "1951-03-03", "male", "")
	w.live("shut", "closed")
	far := w.asking("dr-loin")
	far.Patient = ""
	for _, tt := range []struct {
		traits  Traits
		patient string
	}{
		{Traits{"LE GOFF MULLER", "anne", "1970-05-06", "female"}, "anne"},
		{Traits{"le goff-muller", "Anne Louise", "1970-05-06", "female"}, "anne"},
		{Traits{"Petit", "Lola", "2001-01-01", "female"}, "twin-2"},
		{Traits{"Petit", "L", "2001-01-01", "female"}, ""},
		{Traits{"Le Goff", "Anne", "1970-05-06", "female"}, ""},
		{Traits{"Le Goff-Müller", "Anne", "1970-05-06", "male"}, ""},
		{Traits{"Le Goff-Müller", "Anne", "1970-05-07", "female"}, ""},
		{Traits{"Blanc", "Marie", "1960-02-02", "female"}, ""},
		{Traits{"Noir", "Paul", "1950-03-03", "male"}, ""},
		{Traits{"Vert", "Luc", "1951-03-03", "male"}, ""},
	} {
		n, err := w.gate.FindByTraits(t.Context(), far, tt.traits)
		var no *Refusal
		switch {
		case tt.patient == "" && (!errors.As(err, &no) || no.Status != 404 || !strings.Contains(no.Issues[0].EN, "Nobody was found")):
			t.Errorf("%v: %+v, %v", tt.traits, n, err)
		case tt.patient != "" && (err != nil || n.Patient != tt.patient || n.No != nil):
			t.Errorf("%v: %+v, %v", tt.traits, n, err)
		}
	}
	for _, missing := range []Traits{{"", "Anne", "1970-05-06", "female"}, {"Petit", "", "2001-01-01", "female"}, {"Petit", "Lola", "", "female"}, {"Petit", "Lola", "2001-01-01", ""}} {
		var no *Refusal
		if n, err := w.gate.FindByTraits(t.Context(), far, missing); !errors.As(err, &no) || no.Status != 400 {
			t.Errorf("%v: %+v, %v", missing, n, err)
		}
	}
	if n := len(w.entries("same-1")) + len(w.entries("same-2")) + len(w.entries("twin-1")); n != 0 {
		t.Errorf("%d entries of people who were not found", n)
	}
	searches := map[string]int{}
	for _, id := range []string{"", "anne", "twin-2", "shut"} {
		for _, e := range w.entries(id) {
			if e.Interaction == "find-patient" {
				searches[id]++
			}
		}
	}
	if searches[""] != 6 || searches["anne"] != 2 || searches["twin-2"] != 1 || searches["shut"] != 1 {
		t.Errorf("in the log: %v", searches)
	}
	carer := w.asking("sofia")
	carer.Patient = ""
	var no *Refusal
	if _, err := w.gate.FindByTraits(t.Context(), carer, Traits{"Petit", "Lola", "2001-01-01", "female"}); !errors.As(err, &no) || no.Rule != "E1.profession" {
		t.Errorf("a carer searches: %v", err)
	}
	if n := len(w.entries("twin-2")); n != 2 {
		t.Errorf("the search of a carer is in the log of whom they looked for: %d entries", n)
	}
}

// TestReceipt: whoever opened sees what they opened, and nobody else's; the end is logged.
func TestReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	opened, err := w.gate.OpenEmergency(t.Context(), w.emergency("dr-loin"), "Patient/camille")
	if err != nil {
		t.Fatal(err)
	}
	g := w.emergency("dr-loin")
	g.Patient, g.Opening, g.Until = "camille", opened.ID, opened.Until
	if _, err := w.gate.Ask(t.Context(), g, "GET", "Patient/camille", nil, nil); err != nil {
		t.Fatal(err)
	}
	w.get("dr-roux", "/Patient/camille").is(200)
	if err := w.gate.EndEmergency(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	var said []string
	entries, more, err := w.gate.Receipt(t.Context(), g)
	for _, e := range entries {
		said = append(said, e.Interaction+" "+e.Rule+" "+e.Details["opening"])
	}
	want := "end-emergency E3.ended " + opened.ID + "|read E1.vital " + opened.ID + "|open-emergency E1.open "
	if got := strings.Join(said, "|"); err != nil || more || got != want {
		t.Errorf("%s, %v, %v\nwant %s", got, more, err, want)
	}
	other := *g
	other.Actor.ID = "Practitioner/dr-lam"
	if entries, _, err := w.gate.Receipt(t.Context(), &other); err != nil || len(entries) != 0 {
		t.Errorf("somebody else's: %v, %v", entries, err)
	}
	if _, _, err := w.gate.Receipt(t.Context(), w.grants["dr-roux"]); !Refused(err) {
		t.Errorf("outside an emergency: %v", err)
	}
	if err := w.gate.EndEmergency(t.Context(), w.grants["dr-roux"]); !Refused(err) {
		t.Errorf("an end outside an emergency: %v", err)
	}
	w.db.log.Store(true)
	if err := w.gate.EndEmergency(t.Context(), g); !errors.Is(err, errBroken) {
		t.Errorf("an end that cannot be logged: %v", err)
	}
}

// TestDrill: what the operator says to be invented is marked, and nobody is told.
func TestDrill(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Drills = []string{"camille"}
	n, err := w.gate.AskEmergency(t.Context(), w.asking("dr-loin"), "Patient/camille")
	if err != nil || !n.Drill {
		t.Fatalf("%+v, %v", n, err)
	}
	opened, err := w.gate.OpenEmergency(t.Context(), w.emergency("dr-loin"), "Patient/camille")
	if err != nil || !opened.Drill {
		t.Fatalf("%+v, %v", opened, err)
	}
	for _, e := range w.entries("camille") {
		if e.Outcome != audit.Granted || e.Details["drill"] != "true" || e.Details["notify"] != "" || e.Details["case_due_hours"] != "" {
			t.Errorf("%+v", e)
		}
	}
	if before := len(w.entries("camille")); before != 2 {
		t.Errorf("%d entries", before)
	}
	w.get("dr-roux", "/Patient/camille").is(200)
	if e := w.entries("camille")[2]; e.Details["drill"] != "" {
		t.Errorf("an ordinary read is a drill: %+v", e)
	}
}

// TestVital: what belongs to the vital set, and the reasons, come from the policies in force.
func TestVital(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if s := strings.Join(w.gate.VitalStatuses("MedicationRequest"), " "); s != "active on-hold" {
		t.Errorf("statuses: %s", s)
	}
	if c := w.gate.VitalCodes("Observation"); len(c) != 3 || c[2] != "http://loinc.org|883-9" {
		t.Errorf("codes: %v", c)
	}
	if c := w.gate.VitalCodes("Device"); c != nil {
		t.Errorf("codes of a type that is vital whole: %v", c)
	}
	reasons := w.gate.EmergencyReasons("centre_15")
	if len(reasons) != 3 || reasons[0].Code != "call" || reasons[0].FR == "" || reasons[0].EN == "" {
		t.Errorf("reasons: %+v", reasons)
	}
	if w.gate.EmergencyReasons("normal") != nil {
		t.Error("the normal mode has reasons")
	}
}
