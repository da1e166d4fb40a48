package plugins

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
)

// TestRealRecordsNameNobody disguises whole real records, and looks in what a plugin gets for the logical id, for every
// identifier and for every address of the person.
func TestRealRecordsNameNobody(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../shared/data/synthea-2019/patients.bundles.ndjson.gz")
	if err != nil {
		t.Skip("no ../shared/data beside the repository: what plugins learn of real records is NOT tested here")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	resources := 0
	for records := 0; records < 8 && lines.Scan(); records++ {
		n, err := fhir.Parse(bytes.Clone(lines.Bytes()), fhir.Limits{Bytes: 64 << 20})
		if err != nil {
			t.Fatal(err)
		}
		var person *fhir.Node
		for _, e := range n.Get("entry").Items() {
			if r := e.Get("resource"); r.Get("resourceType").Text() == "Patient" {
				person = r
			}
		}
		if person == nil {
			continue
		}
		secrets := secretsOf(person)
		a := newAliases(base, person.Get("id").Text())
		for _, e := range n.Get("entry").Items() {
			r := e.Get("resource")
			if fhir.IsDirectory(r.Get("resourceType").Text()) {
				continue
			}
			body := bytes.ReplaceAll(r.Bytes(), []byte("urn:uuid:"+person.Get("id").Text()), []byte("Patient/"+person.Get("id").Text()))
			out, _, err := a.disguise(body)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(out) {
				t.Fatalf("no JSON: %.200s", out)
			}
			resources++
			for _, secret := range secrets {
				if bytes.Contains(out, []byte(secret)) {
					t.Fatalf("a %s holds %q: %.300s", r.Get("resourceType").Text(), secret, out)
				}
			}
		}
	}
	if resources < 100 {
		t.Errorf("only %d resources were looked at", resources)
	}
}

func secretsOf(person *fhir.Node) []string {
	out := []string{person.Get("id").Text()}
	for id := range person.Get("identifier").Each() {
		out = append(out, id.Get("value").Text())
	}
	for _, list := range []string{"telecom", "address"} {
		for c := range person.Get(list).Each() {
			for _, name := range []string{"value", "postalCode"} {
				if v := c.Get(name).Text(); len(v) > 6 {
					out = append(out, v)
				}
			}
			for line := range c.Get("line").Each() {
				out = append(out, line.Text())
			}
		}
	}
	return out
}
