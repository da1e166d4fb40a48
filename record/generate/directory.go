package generate

// perTown is how many professionals work in one town, where its people find those who care for them.
const perTown = 100

// Parts that a professional or an organisation may have in a record.
const (
	gp = iota
	nurse
	pharmacist
	dentist
	psychiatrist
	specialist
	physiotherapist
	midwife
	emergency
	hospital
	laboratory
	imaging
	insurer
	residence
	self // the person
)

// callings are the professions, as many in a hundred professionals as their weight: about what the national directory of
// professionals has, with those who see patients outside hospitals on top.
var callings = []struct {
	part, weight      int
	system, code      string
	speciality, title string
	prefix            string
}{
	{gp, 12, g15, "10", "SM54", "Médecin généraliste", "Dr"},
	{nurse, 40, g15, "60", "", "Infirmier", ""},
	{pharmacist, 8, g15, "21", "", "Pharmacien", "Dr"},
	{dentist, 6, g15, "40", "", "Chirurgien-dentiste", "Dr"},
	{psychiatrist, 3, g15, "10", "SM42", "Psychiatre", "Dr"},
	{specialist, 13, g15, "10", "SM04", "Cardiologue", "Dr"},
	{physiotherapist, 10, g15, "70", "", "Masseur-kinésithérapeute", ""},
	{midwife, 4, g15, "50", "", "Sage-femme", ""},
	{emergency, 4, g15, "10", "SM58", "Médecin urgentiste", "Dr"},
}

// places are the kinds of organisations, as they come round.
var places = []struct {
	part int
	name string
}{
	{gp, "Maison de santé"}, {hospital, "Hôpital"}, {laboratory, "Laboratoire"}, {imaging, "Centre d'imagerie"},
	{pharmacist, "Pharmacie"}, {gp, "Cabinet médical"}, {nurse, "Cabinet infirmier"}, {insurer, "Assurance maladie"},
	{residence, "EHPAD"}, {gp, "Centre de santé"},
}

// Code systems.
const (
	loinc       = "http://loinc.org"
	snomed      = "http://snomed.info/sct"
	ucum        = "http://unitsofmeasure.org"
	atc         = "http://www.whocc.no/atc"
	icd10       = "http://hl7.org/fhir/sid/icd-10"
	classSystem = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument"
	typeSystem  = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
	confSystem  = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	insTest     = "urn:oid:1.2.250.1.213.1.4.10" // INS-NIR of tests
	rppsSystem  = "https://rpps.esante.gouv.fr"
	idnpsSystem = "urn:oid:1.2.250.1.71.4.2.1"
	finess      = "https://finess.esante.gouv.fr"
	g15         = "urn:oid:1.2.250.1.71.1.2.7" // health professions
	speciality  = "urn:oid:1.2.250.1.71.4.2.5" // savoir-faire
)

func (n *Nation) organizationID(i int) string { return n.Prefix + "-org-" + padded(i, 6) }
func (n *Nation) professionalID(i int) string { return n.Prefix + "-pro-" + padded(i, 7) }

// calling gives the profession of the i-th professional: a town has them in these shares, in a fixed order.
func calling(i int) int {
	at := i % perTown
	for k, c := range callings {
		if at -= c.weight; at < 0 {
			return k
		}
	}
	return 0
}

// AppendDirectory appends the whole directory to dst, one resource a line: organisations, then each professional with
// their role. It calls flush with what it has whenever that passes some 64 KiB, and goes on with what flush gives back.
func (n *Nation) AppendDirectory(dst []byte, flush func([]byte) ([]byte, error)) (_ []byte, err error) {
	t := text(dst)
	spill := func() (err error) {
		if len(t) >= 64<<10 {
			t, err = flush(t)
		}
		return err
	}
	for i := range n.organizations {
		n.organization(&t, i)
		if err := spill(); err != nil {
			return t, err
		}
	}
	for i := range n.professionals {
		n.professional(&t, i)
		if err := spill(); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (n *Nation) organization(t *text, i int) {
	d := about(n.Seed, kindOrganization, uint64(i))
	t.put(`{"resourceType":"Organization","id":"`, n.organizationID(i), `","identifier":[{"system":"`, finess, `","value":"99`, padded(i, 7))
	t.put(`"}],"active":true,"name":"`, places[i%len(places)].name, " ", of(d, heads), of(d, tails), `"}`, "\n")
}

func (n *Nation) professional(t *text, i int) {
	d := about(n.Seed, kindProfessional, uint64(i))
	c, id, rpps := callings[calling(i)], n.professionalID(i), "99"+padded(i, 9)
	t.put(`{"resourceType":"Practitioner","id":"`, id, `","identifier":[{"system":"`, rppsSystem, `","value":"`, rpps)
	t.put(`"},{"system":"`, idnpsSystem, `","value":"8`, rpps, `"}],"active":true,"name":[{"family":"`, family(d), `","given":["`, given(d, d.chance(6000)), `"]`)
	if c.prefix != "" {
		t.put(`,"prefix":["`, c.prefix, `"]`)
	}
	t.put("}]}\n")
	t.put(`{"resourceType":"PractitionerRole","id":"`, id, `","active":true`)
	t.reference("practitioner", "Practitioner/"+id)
	t.reference("organization", "Organization/"+n.organizationID(i/5%n.organizations))
	t.put(`,"code":[`)
	t.concept(c.system, c.code, c.title)
	t.put(`]`)
	if c.speciality != "" {
		t.put(`,"specialty":[`)
		t.concept(speciality, c.speciality, c.title)
		t.put(`]`)
	}
	t.put("}\n")
}

// towns is how many towns there are, each with its professionals.
func (n *Nation) towns() int { return max(1, n.professionals/perTown) }

// townOf is where a person lives: neighbours have numbers that follow one another.
func (n *Nation) townOf(i int) int { return i * n.towns() / n.Patients }

// near gives the reference of somebody of a part, or of an organisation of it, in a town.
func (n *Nation) near(d *draw, part, town int) string {
	at := 0
	for _, c := range callings {
		if c.part == part {
			return "Practitioner/" + n.professionalID(town*perTown+at+d.below(c.weight))
		}
		at += c.weight
	}
	first := town * perTown / 5
	for k := range places {
		if places[(first+k)%len(places)].part == part {
			return "Organization/" + n.organizationID((first+k)%n.organizations)
		}
	}
	return "Organization/" + n.organizationID(first%n.organizations)
}
