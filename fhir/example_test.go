package fhir_test

import (
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
)

func ExampleParseResource() {
	r, err := fhir.ParseResource([]byte(`{"resourceType":"Observation","id":"o1","status":"final",
		"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},
		"subject":{"reference":"Patient/camille"},"valueQuantity":{"value":6.10,"unit":"%"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Type(), r.ID(), r.Patients(), r.Attributes().Code)
	fmt.Println(r.Node().At("valueQuantity", "value").Text())
	for _, v := range fhir.ParamOf("Observation", "code").Values(r) {
		fmt.Println(v.System, v.Code)
	}
	// Output:
	// Observation o1 [camille] [http://loinc.org|4548-4]
	// 6.10
	// http://loinc.org 4548-4
}

func ExampleNode_With() {
	n, err := fhir.Parse([]byte(`{ "status" : "current", "size": 1.0 }`), fhir.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(n.With("status", []byte(`"superseded"`))))
	fmt.Println(string(n.Without("status")))
	// Output:
	// { "status" : "superseded", "size": 1.0 }
	// { "size": 1.0 }
}
