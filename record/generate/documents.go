package generate

import (
	"crypto/sha1" //nolint:gosec // FHIR R4 Attachment.hash is SHA-1 by definition
	"encoding/base64"

	"github.com/pontlevis/pontlevis/fhir"
)

// kinds are the documents, as many in a hundred as their weight, with who writes them. The codes are those of the
// national list that the habilitation matrix of the policies has rows for.
var kinds = []struct {
	weight, author     int
	system, code       string
	class, title, says string
}{
	{220, gp, loinc, "11488-4", "10", "Compte rendu de consultation", "Consultation de suivi. État général conservé."},
	{200, laboratory, loinc, "11502-2", "10", "Compte rendu d'examens biologiques", "Numération, ionogramme, fonction rénale."},
	{160, gp, loinc, "57833-6", "42", "Ordonnance", "Traitement renouvelé pour trois mois."},
	{80, imaging, loinc, "18748-4", "10", "Compte rendu d'imagerie", "Pas d'anomalie décelable."},
	{50, nurse, loinc, "11506-3", "10", "Note de suivi infirmier", "Soins faits à domicile, bien supportés."},
	{50, pharmacist, loinc, "60593-1", "43", "Dispensation", "Médicaments remis, conseils donnés."},
	{40, dentist, loinc, "28617-9", "10", "Compte rendu bucco-dentaire", "Détartrage, soin d'une carie."},
	{40, hospital, loinc, "15507-7", "10", "Compte rendu de passage aux urgences", "Retour au domicile le jour même."},
	{35, hospital, loinc, "11490-0", "10", "Lettre de liaison à la sortie", "Hospitalisation brève, suites simples."},
	{30, hospital, loinc, "34112-3", "10", "Compte rendu hospitalier", "Séjour de trois jours."},
	{30, gp, loinc, "60591-5", "11", "Synthèse médicale", "Antécédents, traitements et allergies résumés."},
	{25, gp, loinc, "89601-9", "52", "Certificat médical", "Pas de contre-indication."},
	{12, hospital, loinc, "34874-8", "10", "Compte rendu opératoire", "Intervention sans incident."},
	{10, laboratory, loinc, "60568-3", "10", "Compte rendu d'anatomie pathologique", "Prélèvement sans atypie."},
	{8, psychiatrist, loinc, "68599-0", "11", "Synthèse psychiatrique", "Suivi régulier, évolution favorable."},
	{6, pharmacist, loinc, "56445-0", "11", "Bilan médicamenteux", "Pas d'interaction relevée."},
	{60, insurer, typeSystem, "REMB", "60", "Données de remboursement", "Consultation remboursée."},
	{10, gp, typeSystem, "PROT_ALD", "44", "Protocole de soins", "Affection de longue durée."},
	{15, self, typeSystem, "DOCPAT01", "90", "Synthèse déposée par le patient", "Ce que je veux que l'on sache."},
	{4, self, typeSystem, "EXPPAT_3", "90", "Directives anticipées", "Mes volontés."},
}

var kindWeights = func() []int {
	w := make([]int, len(kinds))
	for i, k := range kinds {
		w[i] = k.weight
	}
	return w
}()

// labelsOf draws what hides a document. One person in twelve masks, and then a third of what they have; results to be
// announced are young; minors from twelve on keep a few acts from their representatives.
func labelsOf(d *draw, p *person, ago int) string {
	switch {
	case p.masks && d.chance(3300):
		return fhir.Masked
	case ago < 30 && d.chance(1200):
		return fhir.Unannounced
	case p.childhood && p.age >= 12 && ago < 365*(p.age-11) && d.chance(900):
		return fhir.Confidential
	}
	return ""
}

// document appends a DocumentReference and the Binary that holds its bytes.
func (n *Nation) document(t *text, p *person, d *draw, k int) {
	kind := &kinds[d.pick(kindWeights)]
	id := p.id + "-d" + padded(k, 3)
	ago := recent(d, p)
	author := "Patient/" + p.id
	switch {
	case kind.author == gp:
		author = p.doctor
	case kind.author != self:
		author = n.near(d, kind.author, p.town)
	}
	content := n.content(d, kind.title, kind.says)
	t.put(`{"resourceType":"DocumentReference","id":"`, id, `","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:pontlevis:generated:`, id)
	t.put(`"},"status":"current","docStatus":"final","type":`)
	t.concept(kind.system, kind.code, kind.title)
	t.put(`,"category":[`)
	t.concept(classSystem, kind.class, "")
	t.put(`]`)
	t.reference("subject", "Patient/"+p.id)
	t.put(`,"date":"`, n.hour(ago, 10), `","author":[{"reference":"`, author, `"}],"description":"`, kind.title, `","securityLabel":[`)
	t.concept(confSystem, "N", "")
	if label := labelsOf(d, p, ago); label != "" {
		t.put(",")
		t.concept(fhir.VisibilitySystem, label, "")
	}
	sum := sha1.Sum(content) //nolint:gosec // see the import
	t.put(`],"content":[{"attachment":{"contentType":"text/plain","language":"fr-FR","url":"Binary/`, id, `","size":`)
	t.number(len(content))
	t.put(`,"hash":"`, base64.StdEncoding.EncodeToString(sum[:]), `","title":"`, kind.title, `","creation":"`, n.hour(ago, 9), `"}}],"context":{"period":{"start":"`, n.hour(ago, 8), `"}}}`, "\n")
	t.put(`{"resourceType":"Binary","id":"`, id, `","contentType":"text/plain","data":"`)
	t.base64(content)
	t.put(`"}`, "\n")
}

// recent is how many days ago something was: half of all within two years, a few long ago, none before birth.
func recent(d *draw, p *person) int {
	most := []int{30, 365, 730, 2000, 5000}[d.pick([]int{8, 27, 20, 30, 15})]
	return p.since(d, most)
}

// content is a document's bytes: its title, then a sentence over and over; most are short and a few long.
func (n *Nation) content(d *draw, title, says string) []byte {
	size := d.around(n.Bytes*1000) * []int{50, 100, 300}[d.pick([]int{55, 35, 10})] / 93
	out := append([]byte(title), "\n\n"...)
	for len(out) < size {
		out = append(append(out, says...), ' ')
	}
	return append(out, "\n\nDocument inventé.\n"...)
}
