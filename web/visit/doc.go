// Package visit is what each page of people stands on: who visits, what they may ask the gate, which forms are theirs, and
// how the page is shown.
//
//	request ─ Desk.Visit ─ signed in? ─→ *Visit ─ Form (checked) ─→ Ask (FHIR, through the gate) ─→ Show, or Go after a change
//	                                                          documents and files ─→ Document, Download
//
// A part of the pages (web/emergency, web/sharing …) is a *web.Part and handlers that take a *Visit. The package holds no
// rule: the gate decides what each visitor may see and change, here as over FHIR.
package visit
