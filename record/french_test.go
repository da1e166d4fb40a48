package record

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// frenchExamples reads the examples of the Agence du Numérique en Santé by "Type/id".
func frenchExamples(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "shared", "data", "fr-ans", "examples.ndjson.gz"))
	if err != nil {
		t.Skip("no ../shared/data beside the repository: the French examples are NOT tried here")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		text := lines.Text()
		_, rest, _ := strings.Cut(text, `"resourceType":"`)
		resourceType, rest, _ := strings.Cut(rest, `"`)
		_, rest, _ = strings.Cut(rest, `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		out[resourceType+"/"+id] = text
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// The guide's own submission (TD2 as ITI-65) is deposited as it stands.
func TestFrenchSubmission(t *testing.T) {
	t.Parallel()
	examples := frenchExamples(t)
	e := openEmbedded(t)
	put(t, e, "anne", `{"resourceType":"Patient","id":"anne","identifier":[{"system":"`+ins+`","value":"123456789012345"}]}`)
	d := deposit(t, "/", examples["Bundle/example-td2-iti65-lot-soumission"])
	written := write(t, e, d)
	doc := find(written, "DocumentReference")
	if len(written) != 3 || doc == nil || doc.Attributes.Subject != "Patient/anne" {
		t.Fatalf("%+v", doc)
	}
	_, data, err := BinaryContent(find(written, "Binary"))
	if err != nil || !strings.HasPrefix(string(data), "<?xml") {
		t.Errorf("%q %v", data, err)
	}
	vouchers, err := Vouchers(t.Context(), e, testBase, "anne", find(written, "Binary").Ref)
	if err != nil || len(vouchers) != 1 {
		t.Errorf("%v %v", vouchers, err)
	}
}

// The care circle's creation Bundle makes a patient and governs, which a deposit does not.
func TestFrenchCareCircleIsNoDeposit(t *testing.T) {
	t.Parallel()
	_, err := ParseDeposit(post(t, "/", frenchExamples(t)["Bundle/cds-bundle-transaction-creation-example"]))
	if status(err) != 403 {
		t.Errorf("%v", err)
	}
}

// A document alone with its data (PDSmSimplified) states a size and hash that are not those of its data: refused.
func TestFrenchSimplifiedDocument(t *testing.T) {
	t.Parallel()
	text := frenchExamples(t)["DocumentReference/PDSmSimplifiedExample"]
	if _, err := ParseDeposit(post(t, "/DocumentReference", text)); status(err) != 422 || !strings.Contains(err.Error(), "size") {
		t.Errorf("%v", err)
	}
}
