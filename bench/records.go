package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/space"
)

// Sizes of the invented records. A page of pageSize meets maskedEach hidden documents among the ones it goes through.
const (
	documentsEach = 62 // DocumentReferences of a record
	maskedEach    = 10 // of them masked from most professionals
	pageSize      = 50
	largeRecords  = 8       // records that hold one large document too
	largeBytes    = 786_432 // of which base64 makes one megabyte
)

// reader is the professional who reads, a nurse of everybody's circle of care from whom masked documents are hidden.
const reader = "inf-martin"

// population is what the servers hold.
type population struct {
	patients int
	now      time.Time
	rand     *rand.Rand
}

func newPopulation(patients int) *population {
	return &population{patients: patients, now: time.Now().UTC().Truncate(time.Hour), rand: rand.New(rand.NewPCG(2026, 11))}
}

func patientID(n int) string     { return fmt.Sprintf("bench-%05d", n) }
func documentID(n, k int) string { return fmt.Sprintf("bench-%05d-doc-%03d", n, k) }
func largeID(n int) string       { return fmt.Sprintf("bench-%05d-large", n) }
func masked(k int) bool {
	return k%(documentsEach/maskedEach) == 3 && k/(documentsEach/maskedEach) < maskedEach
}
func (p *population) readable() []int {
	var all []int
	for k := range documentsEach {
		if !masked(k) {
			all = append(all, k)
		}
	}
	return all
}

// write writes the records as NDJSON.
func (p *population) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for n := range p.patients {
		p.record(w, n)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func (p *population) record(w io.Writer, n int) {
	id, at := patientID(n), func(days int) string { return p.now.AddDate(0, 0, -days).Format(time.RFC3339) }
	fmt.Fprintf(w, `{"resourceType":"Patient","id":%q,"active":true,"identifier":[{"system":"urn:pontlevis:bench","value":%q}],"name":[{"family":"Banc","given":["%d"]}],"gender":"female","birthDate":"1976-04-12"}`+"\n", id, id, n)
	fmt.Fprintf(w, `{"resourceType":"Consent","id":"%s-consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":%q,"code":%q}]}],"patient":{"reference":"Patient/%s"},"dateTime":%q,"performer":[{"reference":"Patient/%s"}],"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},"provision":{"type":"permit"}}`+"\n",
		id, space.KindSystem, space.Initial, id, at(400), id)
	fmt.Fprintf(w, `{"resourceType":"CareTeam","id":"%s-circle","status":"active","subject":{"reference":"Patient/%s"},"participant":[`, id, id)
	for k, who := range []string{reader, "dr-roux", "dr-benali", "ph-diallo"} {
		if k > 0 {
			io.WriteString(w, ",") //nolint:errcheck // the writer keeps its error until Flush
		}
		fmt.Fprintf(w, `{"extension":[{"url":%q,"valueCode":"prescription"}],"member":{"reference":"Practitioner/%s"},"period":{"start":%q,"end":%q}}`, space.SourceExtension, who, at(40), at(-60))
	}
	fmt.Fprintln(w, "]}")
	for k := range documentsEach {
		p.document(w, n, k, documentID(n, k), "Binary/"+documentID(n, k))
	}
	if n < largeRecords {
		p.document(w, n, documentsEach, largeID(n)+"-ref", "Binary/"+largeID(n))
		bytes := make([]byte, largeBytes)
		for i := range bytes {
			bytes[i] = byte(p.rand.Uint32())
		}
		fmt.Fprintf(w, `{"resourceType":"Binary","id":%q,"contentType":"application/pdf","data":%q}`+"\n", largeID(n), base64.StdEncoding.EncodeToString(bytes))
	}
}

// document writes one DocumentReference of about two kilobytes.
func (p *population) document(w io.Writer, n, k int, id, url string) {
	labels := `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N","display":"normal"}]}`
	if k < documentsEach && masked(k) {
		labels += `,{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument","code":"MASQUE_PS"}]}`
	}
	day := p.now.AddDate(0, 0, -10-k).Format(time.RFC3339)
	words := strings.Repeat("Compte rendu inventé pour une mesure, sans autre sens que sa longueur. ", 8)
	fmt.Fprintf(w, `{"resourceType":"DocumentReference","id":%q,"status":"current","docStatus":"final","masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:pontlevis:bench:%s"},"identifier":[{"system":"urn:pontlevis:bench","value":%q}],`, id, id, id)
	fmt.Fprintf(w, `"type":{"coding":[{"system":"http://loinc.org","code":"11488-4","display":"Compte rendu de consultation"}],"text":"Compte rendu de consultation"},"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument","code":"10","display":"Compte rendu"}],"text":"Compte rendu"}],`)
	fmt.Fprintf(w, `"subject":{"reference":"Patient/%s"},"date":%q,"author":[{"reference":"Practitioner/dr-roux"}],"description":%q,"securityLabel":[%s],`, patientID(n), day, words, labels)
	fmt.Fprintf(w, `"content":[{"attachment":{"contentType":"application/pdf","language":"fr-FR","title":"Compte rendu de consultation","creation":%q,"size":48213,"hash":"2jmj7l5rSw0yVb/vlWAYkK/YBwk=","url":%q},"format":{"system":"urn:oid:1.3.6.1.4.1.19376.1.2.3","code":"urn:ihe:iti:xds-sd:pdf:2008","display":"PDF"}}],"context":{"period":{"start":%q,"end":%q}}}`+"\n", day, url, day, day)
}
