// Package generate invents the health records of a nation: deterministic FHIR R4, of any number of people.
//
//	Options ──New──▶ Nation ──┬─ AppendDirectory ─▶ organisations, professionals, their roles
//	                          ├─ AppendRecord(i) ─▶ all that is in the space of person i, one resource a line
//	                          ├─ Space(i) ────────▶ the state of that space, when it is not simply open
//	                          ├─ Stream ──────────▶ the whole as one NDJSON stream
//	                          └─ Folder ──────────▶ the whole as files, gzipped or not, and spaces.csv
//
// Everything about a person follows from the seed and their number alone, so that records can be made in any order, on
// any number of processors, in constant memory, and the same options always give the same bytes. Numbers are drawn with
// whole-number arithmetic: no processor rounds them otherwise.
//
// Nobody in it exists. Family names are made of syllables, places are invented, professionals and establishments have
// numbers that begin with 99, and people have identities of the INS test system whose month of birth is 00.
//
// How many of what: docs/size.md. What the codes mean belongs to space and to the policies.
package generate
