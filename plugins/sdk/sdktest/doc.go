// Package sdktest runs a plugin's handlers within a test: no process and no cage, but the host's own limits, aliases and
// judge around them, and a record with the search of the real one behind.
//
//	out, err := sdktest.Run(t, plugin, sdktest.Case{
//		Hook:   "due-vaccines",
//		Record: []string{`{"resourceType":"Patient","id":"p","birthDate":"2020-01-01"}`, …},
//	})
//
// What the person's consent, the label and the policies would refuse is said with Case.Refused; the rest is the gate's, and
// `pontlevis plugin run` shows it.
package sdktest
