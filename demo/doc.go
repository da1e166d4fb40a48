// Package demo is the invented cast of the demonstration: its people, its organisations, their records, the apps.
//
//	Cast{Base, Now} ──Resources──> FHIR resources, one JSON each   (the importer stores them)
//	                ──People────> accounts                         (the authorization server keeps them)
//	                ──Apps──────> catalogue entries and clients
//
// Everybody and everything here is made up. The national identifiers use the commune 99 999, which does not exist, so
// that none can be anyone's. Keys, ids and what each person shows of the rules are stable: black-box checks use them.
// Dates are counted back from Now, so that the demonstration does not age.
package demo
