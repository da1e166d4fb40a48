// Package pro is the pages of professionals: whom they care for, the record of each, what they are asked to do in it.
//
//	/pro ─ own patients (gate.Patients), search by INS (gate.Find) ─▶ /pro/{patient} ─ the record, section by section
//	     ├ requests to mask and announcements, in all of them           ├ document/{id}, its bytes, its versions
//	     └ notices                                                      ├ deposit, replace, release, mask at request
//	                                                                    ├ consent recorded for a consultation
//	                                                                    └ colleagues' accesses, for the treating doctor
//
// Everything is read and changed through the gate by FHIR, with the grant of who looks; the package knows no rule. What
// does not open looks like what is not there, and is answered with the two ways in: the person's consent, an emergency.
package pro
