package search_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		resourceType, raw string
		ids, identifiers  []string
	}{
		{"Observation", "patient=a,Patient/b&code=x", []string{"a", "b"}, nil},
		{"Observation", "subject=Patient/a", []string{"a"}, nil},
		{"Observation", "subject=Group/a", nil, nil},
		{"Observation", "subject:Patient=a&patient=a", []string{"a"}, nil},
		{"Observation", "patient._id=a", []string{"a"}, nil},
		{"Observation", "patient:Patient._list=x", nil, nil},
		{"Observation", "subject:Patient._list=x", nil, nil},
		{"Patient", "_list=x", nil, nil},
		{"Observation", "performer=Patient/a", nil, nil},
		{"Observation", "patient:missing=true", nil, nil},
		{"Observation", "encounter.patient=a", nil, nil},
		{"Observation", "patient.identifier=urn:ins|1,urn:ins|2", nil, []string{"urn:ins|1", "urn:ins|2"}},
		{"Observation", "subject:Patient.identifier=urn:ins|1", nil, []string{"urn:ins|1"}},
		{"Observation", "subject.identifier=1", nil, []string{"1"}},
		{"Observation", "patient:identifier=urn:ins|1", nil, []string{"urn:ins|1"}},
		{"Observation", "patient.name=x", nil, nil},
		{"Observation", "identifier=urn:x|1", nil, nil},
		{"Patient", "_id=a", []string{"a"}, nil},
		{"Patient", "_id:not=a", nil, nil},
		{"Patient", "identifier=urn:ins|1", nil, []string{"urn:ins|1"}},
		{"Patient", "identifier=|1", nil, []string{"|1"}},
		{"Patient", "link=Patient/a", nil, nil},
		{"Patient", "_has:Observation:patient:_id=a", nil, nil},
		{"DocumentReference", "author=Patient/a", nil, nil},
		{"List", "source=Patient/a", nil, nil},
		{"Coverage", "beneficiary=Patient/a", []string{"a"}, nil},
		{"Schedule", "actor=Patient/a", []string{"a"}, nil},
		{"Practitioner", "_id=a", nil, nil},
	} {
		q := query(t, c.resourceType, c.raw)
		if diff := cmp.Diff(c.ids, q.PatientIDs()); diff != "" {
			t.Errorf("%s?%s ids (-want +got):\n%s", c.resourceType, c.raw, diff)
		}
		if diff := cmp.Diff(c.identifiers, q.PatientIdentifiers()); diff != "" {
			t.Errorf("%s?%s identifiers (-want +got):\n%s", c.resourceType, c.raw, diff)
		}
	}
}

func TestDated(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"date=ge2024": true, "date=2024-01-01": true, "date=lt2010": true, "date=ne2024": false, "date:missing=false": false,
		"_lastUpdated=ge2024": false, "status=final": false, "patient.birthdate=2000": false, "": false, "_sort=date": false,
	} {
		if got := query(t, "Observation", raw).Dated(); got != want {
			t.Errorf("%q: %t, want %t", raw, got, want)
		}
	}
	if query(t, "Patient", "birthdate=2000").Dated() {
		t.Error("a birth date bounds when care was given")
	}
}

func TestParameterNamesHoldNoValue(t *testing.T) {
	t.Parallel()
	q := query(t, "Observation", "patient:identifier=urn:ins|28002&subject:Patient.name:contains=secret&code=b&code=a&_count=3")
	want := []string{"_count", "code", "patient:identifier", "subject:Patient.name:contains"}
	if diff := cmp.Diff(want, q.ParameterNames()); diff != "" {
		t.Error(diff)
	}
}
