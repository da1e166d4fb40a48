package search_test

import (
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

func Example() {
	q, issues, err := search.Parse("Observation", "patient=camille&date=ge2024&colour=red&_sort=-date", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q.Self(), q.PatientIDs(), q.Dated())
	fmt.Println(issues[0].EN)

	r, err := fhir.ParseResource([]byte(`{"resourceType":"Observation","subject":{"reference":"Patient/camille"},"effectiveDateTime":"2024-05-06"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range q.Criteria {
		ok, err := c.Match(r)
		fmt.Println(c.String(), ok, err)
	}
	// Output:
	// patient=camille&date=ge2024&_sort=-date [camille] true
	// Observation has no search parameter "colour". The parameter is ignored.
	// patient=camille true <nil>
	// date=ge2024 true <nil>
}
