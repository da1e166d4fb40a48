package generate

const (
	clinicalCategory = "http://terminology.hl7.org/CodeSystem/observation-category"
	ofAllergy        = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
	ofCondition      = "http://terminology.hl7.org/CodeSystem/condition-"
)

type coded struct{ code, display string }

// measures are what is measured, in tenths of the unit.
var measures = []struct {
	weight                              int
	category, code, display, unit, ucum string
	low, high                           int
}{
	{20, "vital-signs", "29463-7", "Poids", "kg", "kg", 400, 1100},
	{18, "vital-signs", "8480-6", "Pression artérielle systolique", "mmHg", "mm[Hg]", 950, 1700},
	{18, "vital-signs", "8462-4", "Pression artérielle diastolique", "mmHg", "mm[Hg]", 550, 1000},
	{8, "vital-signs", "8867-4", "Fréquence cardiaque", "/min", "/min", 500, 1100},
	{10, "laboratory", "2339-0", "Glycémie", "mmol/L", "mmol/L", 38, 140},
	{7, "laboratory", "718-7", "Hémoglobine", "g/dL", "g/dL", 90, 170},
	{6, "laboratory", "2160-0", "Créatinine", "µmol/L", "umol/L", 450, 1500},
	{5, "laboratory", "2093-3", "Cholestérol total", "mmol/L", "mmol/L", 30, 80},
	{4, "laboratory", "4548-4", "Hémoglobine A1c", "%", "%", 45, 110},
	{4, "laboratory", "2823-3", "Potassium", "mmol/L", "mmol/L", 33, 55},
}

var measureWeights = func() []int {
	w := make([]int, len(measures))
	for i, m := range measures {
		w[i] = m.weight
	}
	return w
}()

var (
	drugs = []coded{
		{"C09AA05", "Ramipril 5 mg"}, {"A10BA02", "Metformine 500 mg"}, {"N02BE01", "Paracétamol 1 g"}, {"C10AA05", "Atorvastatine 20 mg"},
		{"B01AC06", "Acide acétylsalicylique 75 mg"}, {"A02BC01", "Oméprazole 20 mg"}, {"H03AA01", "Lévothyroxine 75 µg"}, {"R03AC02", "Salbutamol 100 µg"},
		{"N06AB06", "Sertraline 50 mg"}, {"J01CA04", "Amoxicilline 1 g"}, {"C07AB07", "Bisoprolol 5 mg"}, {"A11CC05", "Cholécalciférol"},
	}
	vaccines = []coded{
		{"J07BB02", "Grippe saisonnière"}, {"J07CA01", "Diphtérie, tétanos, poliomyélite"}, {"J07BD52", "Rougeole, oreillons, rubéole"},
		{"J07AL02", "Pneumocoque"}, {"J07BC01", "Hépatite B"}, {"J07BM03", "Papillomavirus"}, {"J07AH08", "Méningocoque"},
	}
	conditions = []coded{
		{"I10", "Hypertension artérielle"}, {"E11.9", "Diabète de type 2"}, {"J45.9", "Asthme"}, {"M54.5", "Lombalgie"}, {"F32.9", "Épisode dépressif"},
		{"E78.0", "Hypercholestérolémie"}, {"K21.9", "Reflux gastro-œsophagien"}, {"G43.9", "Migraine"}, {"I48.9", "Fibrillation auriculaire"}, {"N18.3", "Maladie rénale chronique"},
	}
	allergies = []coded{
		{"764146007", "Pénicilline"}, {"91935009", "Arachide"}, {"213020009", "Produits de contraste iodés"}, {"1003755004", "Latex"}, {"387458008", "Acide acétylsalicylique"},
	}
)

func (n *Nation) measure(t *text, p *person, d *draw, k int) {
	m := &measures[d.pick(measureWeights)]
	ago, value := recent(d, p), d.between(m.low, m.high)
	by := "Patient/" + p.id
	switch {
	case m.category == "laboratory":
		by = n.near(d, laboratory, p.town)
	case d.chance(6000):
		by = p.doctor
	}
	t.put(`{"resourceType":"Observation","id":"`, p.id, "-o", padded(k, 4), `","status":"final","category":[`)
	t.concept(clinicalCategory, m.category, "")
	t.put(`],"code":`)
	t.concept(loinc, m.code, m.display)
	t.reference("subject", "Patient/"+p.id)
	t.put(`,"effectiveDateTime":"`, n.hour(ago, 7), `","issued":"`, n.hour(ago, 8), `","performer":[{"reference":"`, by, `"}],"valueQuantity":{"value":`)
	t.number(value / 10)
	t.put(".", padded(value%10, 1), `,"unit":"`, m.unit, `","system":"`, ucum, `","code":"`, m.ucum, `"}}`, "\n")
}

func (n *Nation) medication(t *text, p *person, d *draw, k int) {
	drug, ago := of(d, drugs), recent(d, p)
	status := "completed"
	if ago < 180 {
		status = "active"
	}
	t.put(`{"resourceType":"MedicationRequest","id":"`, p.id, "-m", padded(k, 3), `","status":"`, status, `","intent":"order","medicationCodeableConcept":`)
	t.concept(atc, drug.code, drug.display)
	t.reference("subject", "Patient/"+p.id)
	t.put(`,"authoredOn":"`, n.hour(ago, 10), `"`)
	t.reference("requester", p.doctor)
	t.put(`,"dosageInstruction":[{"text":"1 matin et soir"}]}`, "\n")
}

func (n *Nation) immunization(t *text, p *person, d *draw, k int) {
	vaccine, ago := of(d, vaccines), p.since(d, 9000)
	t.put(`{"resourceType":"Immunization","id":"`, p.id, "-v", padded(k, 3), `","status":"completed","vaccineCode":`)
	t.concept(atc, vaccine.code, vaccine.display)
	t.reference("patient", "Patient/"+p.id)
	t.put(`,"occurrenceDateTime":"`, n.day(ago), `","primarySource":true,"performer":[{"actor":{"reference":"`, p.doctor, `"}}]}`, "\n")
}

func (n *Nation) condition(t *text, p *person, d *draw, k int) {
	c, ago := of(d, conditions), p.since(d, 6000)
	t.put(`{"resourceType":"Condition","id":"`, p.id, "-c", padded(k, 3), `","clinicalStatus":`)
	t.concept(ofCondition+"clinical", "active", "")
	t.put(`,"verificationStatus":`)
	t.concept(ofCondition+"ver-status", "confirmed", "")
	t.put(`,"category":[`)
	t.concept(ofCondition+"category", "problem-list-item", "")
	t.put(`],"code":`)
	t.concept(icd10, c.code, c.display)
	t.reference("subject", "Patient/"+p.id)
	t.put(`,"onsetDateTime":"`, n.day(ago), `","recordedDate":"`, n.hour(ago, 10), `"`)
	t.reference("recorder", p.doctor)
	t.put(`}`, "\n")
}

func (n *Nation) allergy(t *text, p *person, d *draw, k int) {
	a := of(d, allergies)
	level := "low"
	if d.chance(4000) {
		level = "high"
	}
	t.put(`{"resourceType":"AllergyIntolerance","id":"`, p.id, "-a", padded(k, 3), `","clinicalStatus":`)
	t.concept(ofAllergy+"clinical", "active", "")
	t.put(`,"verificationStatus":`)
	t.concept(ofAllergy+"verification", "confirmed", "")
	t.put(`,"type":"allergy","criticality":"`, level, `","code":`)
	t.concept(snomed, a.code, a.display)
	t.reference("patient", "Patient/"+p.id)
	t.put(`,"recordedDate":"`, n.hour(p.since(d, 6000), 10), `"`)
	t.reference("recorder", p.doctor)
	t.put(`}`, "\n")
}
