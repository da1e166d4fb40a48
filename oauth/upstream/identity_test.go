package upstream

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const g15 = "urn:oid:1.2.250.1.71.1.2.7"

func psc() *Config {
	return &Config{
		Name: "psc", Issuer: "https://psc.example", ClientID: "c", Kind: KindProfessional,
		Map: Mapping{
			Name: []string{"given_name", "family_name"}, Reference: &Reference{"Practitioner", "SubjectNameID"},
			Identifiers: []Coded{{From: "SubjectNameID", System: "urn:oid:1.2.250.1.71.4.2.1"}, {From: "SubjectNameID", System: "https://rpps.esante.gouv.fr", Strip: "8"}},
			RPPS:        &Coded{From: "SubjectNameID", System: "rpps", Strip: "8"},
			Situations:  "SubjectRefPro.exercices[].activities[]", Profession: &Coded{From: "codeProfession", System: g15},
			Speciality: &Coded{From: "codeSavoirFaire", System: "urn:sf"}, Sector: &Coded{From: "Secteur_Activite"},
			Roles: &Coded{From: "SubjectRole"}, Systems: map[string]string{"urn:oid:1.2.250.1.213.1.1.5.5": g15},
			OrganizationName: []string{"raisonSocialeSite", "enseigneCommercialeSite"},
			Organizations:    []Coded{{From: "numeroFinessSite", System: "urn:finess"}, {From: "numeroSiretSite", System: "urn:siret"}},
			Regulation:       &Truth{From: "Acces_Regulation_Medicale", True: []string{"VRAI"}, False: []string{"FAUX"}},
		},
	}
}

const doctor = `{"sub":"f:1:8","SubjectNameID":"899700218896","given_name":"KIT","family_name":"DOC","SubjectRole":["10^1.2.250.1.213.1.1.5.5"],
"Acces_Regulation_Medicale":"VRAI","Secteur_Activite":"SA07^1.2.250.1.71.4.2.4","SubjectRefPro":{"exercices":[
{"codeProfession":"10","codeSavoirFaire":"SM54","activities":[{"raisonSocialeSite":"CABINET","numeroFinessSite":"750000001","numeroSiretSite":"12345678900011"},
{"enseigneCommercialeSite":"CLINIQUE","numeroFinessSite":""},{"enseigneCommercialeSite":"CLINIQUE"}]},
{"codeProfession":"60","activities":[{"raisonSocialeSite":"SOINS"}]}]}}`

func claimsOf(t *testing.T, text string) Claims {
	t.Helper()
	c, err := ParseClaims([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIdentifyProfessional(t *testing.T) {
	t.Parallel()
	c := psc()
	id, notes, err := Identify(c, claimsOf(t, doctor))
	if err != nil {
		t.Fatal(err)
	}
	for i := range id.Situations {
		if id.Situations[i].Key == "" {
			t.Error("a situation without key")
		}
		id.Situations[i].Key = ""
	}
	want := &Identity{
		Key: accountKey(c.Issuer, "sub", "f:1:8"), Kind: "professional", Name: "KIT DOC", Reference: "Practitioner/899700218896", RPPS: "99700218896",
		Identifiers: []string{"urn:oid:1.2.250.1.71.4.2.1|899700218896", "https://rpps.esante.gouv.fr|99700218896"}, Regulation: true,
		Situations: []Situation{
			{
				Profession: g15 + "|10", Speciality: "urn:sf|SM54", Sector: "urn:oid:1.2.250.1.71.4.2.4|SA07", OrganizationName: "CABINET",
				Organizations: []string{"urn:finess|750000001", "urn:siret|12345678900011"},
			},
			{Profession: g15 + "|10", Speciality: "urn:sf|SM54", Sector: "urn:oid:1.2.250.1.71.4.2.4|SA07", OrganizationName: "CLINIQUE"},
		},
	}
	if diff := cmp.Diff(want, id); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "situation 4") || !strings.Contains(all, "|60") {
		t.Errorf("notes: %s", all)
	}
}

// TestIdentifyRefuses bends one claim of the doctor's.
func TestIdentifyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bend func(Claims)
		kind string
		why  string
	}{
		"nobody":                     {func(c Claims) { delete(c, "sub") }, Unclear, "account"},
		"a subject that is a number": {func(c Claims) { c["sub"] = json.Number("1") }, Unclear, "account"},
		"a blank subject":            {func(c Claims) { c["sub"] = "  " }, Unclear, "account"},
		"two subjects":               {func(c Claims) { c["sub"] = []any{"a", "b"} }, Unclear, "several"},
		"no name":                    {func(c Claims) { delete(c, "given_name"); delete(c, "family_name") }, Unclear, "name"},
		"an id that is none":         {func(c Claims) { c["SubjectNameID"] = "8/../x" }, Unclear, "id of a resource"},
		"no practice":                {func(c Claims) { delete(c, "SubjectRefPro") }, Unpractised, "no situation"},
		"practice of no place":       {func(c Claims) { c["SubjectRefPro"] = map[string]any{"exercices": []any{}} }, Unpractised, "no situation"},
		"no role":                    {func(c Claims) { delete(c, "SubjectRole") }, Unpractised, "no situation"},
		"a role of another kind":     {func(c Claims) { c["SubjectRole"] = []any{"10^1.2.250.1.213.1.6.1.4"} }, Unpractised, "no situation"},
		"a role without OID":         {func(c Claims) { c["SubjectRole"] = []any{"10"} }, Unpractised, "no situation"},
		"practice as text":           {func(c Claims) { c["SubjectRefPro"] = "exercices" }, Unpractised, "no situation"},
	} {
		claims := claimsOf(t, doctor)
		c.bend(claims)
		id, _, err := Identify(psc(), claims)
		var no *Refusal
		if id != nil || !errors.As(err, &no) || no.Kind != c.kind || !strings.Contains(no.Why, c.why) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
}

// TestRegulationIsWhatTheConfigurationSays: no spelling of yes is known by itself.
func TestRegulationIsWhatTheConfigurationSays(t *testing.T) {
	t.Parallel()
	for value, want := range map[any]bool{"VRAI": true, "FAUX": false, "vrai": false, "true": false, true: false, "1": false, nil: false, "OUI": false} {
		claims := claimsOf(t, doctor)
		claims["Acces_Regulation_Medicale"] = value
		id, notes, err := Identify(psc(), claims)
		if err != nil || id.Regulation != want {
			t.Errorf("%v: %v (%v)", value, id, err)
		}
		understood := value == "VRAI" || value == "FAUX"
		if noted := strings.Contains(strings.Join(notes, "\n"), "Acces_Regulation_Medicale"); noted == understood {
			t.Errorf("%v: noted %v: %q", value, noted, notes)
		}
	}
	claims := claimsOf(t, doctor)
	claims["Acces_Regulation_Medicale"] = []any{"VRAI", "FAUX"}
	if id, _, err := Identify(psc(), claims); err != nil || id.Regulation {
		t.Errorf("both yes and no: %v (%v)", id, err)
	}
}

func TestIdentifyPatient(t *testing.T) {
	t.Parallel()
	c := &Config{Issuer: "https://fc.example", Kind: KindPatient, Map: Mapping{
		Name: []string{"given_name", "family_name"}, INS: "ins", Family: "family_name", Given: "given_name", BirthDate: "birthdate", Gender: "gender",
	}}
	person := func(ins, birth, gender string) *Identity {
		id, _, err := Identify(c, Claims{"sub": "s", "given_name": "Angela Claire", "family_name": "DUBOIS", "ins": ins, "birthdate": birth, "gender": gender})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	want := &Identity{
		Key: accountKey(c.Issuer, "sub", "s"), Kind: "patient", Name: "Angela Claire DUBOIS", Reference: "Person/" + accountKey(c.Issuer, "sub", "s"),
		INS: "262087511800152", Family: "DUBOIS", Given: "Angela Claire", BirthDate: "1962-08-24", Gender: "female",
	}
	want.INS = "2620875118001" + insKey("2620875118001")
	if diff := cmp.Diff(want, person(" "+want.INS[:5]+" "+want.INS[5:], "1962-08-24", "female")); diff != "" {
		t.Errorf("identity (-want +got):\n%s", diff)
	}
	if id := person(want.INS[:13]+"00", "1962-08", "F"); id.INS+id.BirthDate+id.Gender != "" {
		t.Errorf("what has another form counts: %+v", id)
	}
}

func TestINS(t *testing.T) {
	t.Parallel()
	// The keys of Corsica: 2A counts for 19, 2B for 18 (Insee).
	for ins, want := range map[string]bool{
		"255081416802538": true, "255081416802539": false, "255081416802": false, "2550814168025380": false, "": false,
		"18505" + "2A" + "004078" + insKey("185052A004078"): true, "18505" + "2B" + "004078" + insKey("185052B004078"): true,
		"1850519004078" + insKey("185052A004078"): true, "18505A2004078" + "00": false, "18505B0004078" + "00": false,
	} {
		if validINS(ins) != want {
			t.Errorf("validINS(%q) = %v", ins, !want)
		}
	}
	if insKey("185052A004078") == insKey("185052B004078") {
		t.Error("2A and 2B count the same")
	}
}

// TestAccountsDifferBySpaces: what a provider holds apart is held apart here.
func TestAccountsDifferBySpaces(t *testing.T) {
	t.Parallel()
	one, two := claimsOf(t, doctor), claimsOf(t, doctor)
	two["sub"] = two["sub"].(string) + " "
	a, _, err := Identify(psc(), one)
	b, _, err2 := Identify(psc(), two)
	if err != nil || err2 != nil || a.Key == b.Key {
		t.Errorf("%v, %v: %v, %v", a, b, err, err2)
	}
}

// TestAccountKey: issuer, claim and value make an account, each of them.
func TestAccountKey(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, k := range []string{
		accountKey("https://a", "sub", "1"), accountKey("https://b", "sub", "1"), accountKey("https://a", "sub", "2"),
		accountKey("https://a", "email", "1"), accountKey("https://as", "ub", "1"), accountKey("https://a", "sub1", ""),
	} {
		if seen[k] || !idForm.MatchString(k) {
			t.Errorf("key %q", k)
		}
		seen[k] = true
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	c := psc()
	c.ACR = []string{"eidas1"}
	now := time.Now()
	for name, tt := range map[string]struct{ text, refused string }{
		"as it is":           {doctor, ""},
		"another issuer":     {`{"iss":"https://x.example",` + doctor[1:], "issuer"},
		"another audience":   {`{"aud":["x","y"],` + doctor[1:], "audience"},
		"a token of another": {`{"active":true,"aud":"x","acr":"eidas1",` + doctor[1:], ""},
		"inactive":           {`{"active":false,` + doctor[1:], "not active"},
		"weak":               {`{"acr":"x",` + doctor[1:], "acr"},
		"empty":              {`{}`, "account"},
	} {
		got, err := Try(c, []byte(tt.text), now)
		if err != nil || (got.Refused == "") != (tt.refused == "") || !strings.Contains(got.Refused, tt.refused) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, text := range []string{"", "[]", "x", "a.b", "a.b.c", "e30.e30", "{} {}", "e30.W10.x"} {
		if got, err := Try(c, []byte(text), now); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// FuzzIdentify: whatever a provider says, nobody is a regulating doctor but by the configured word, and every situation
// has a profession that is among the roles.
func FuzzIdentify(f *testing.F) {
	f.Add([]byte(doctor))
	f.Add([]byte(`{"sub":1,"SubjectRole":"10^1.2","SubjectRefPro":[{"exercices":{"activities":[[],{"a":null}]}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		claims, err := ParseClaims(raw)
		if err != nil {
			return
		}
		id, _, err := Identify(psc(), claims)
		if err != nil {
			return
		}
		if id.Regulation && claims["Acces_Regulation_Medicale"] == nil {
			t.Error("a regulating doctor out of nothing")
		}
		if len(id.Situations) == 0 || len(id.Situations) > maxSituations || id.Name == "" || !idForm.MatchString(strings.TrimPrefix(id.Reference, "Practitioner/")) {
			t.Errorf("%+v", id)
		}
		for _, s := range id.Situations {
			code, ok := strings.CutPrefix(s.Profession, g15+"|")
			if said, _ := json.Marshal(claims["SubjectRole"]); !ok || !strings.Contains(string(said), mustQuote(code)) {
				t.Errorf("profession %q of roles %s", s.Profession, said)
			}
		}
	})
}

func mustQuote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return strings.Trim(string(b), `"`)
}
