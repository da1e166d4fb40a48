// Package vendor is the desk of whoever publishes an app, at /vendor: from nothing to a permitted read and a refusal, and from
// there to a label.
//
//	sign up ──▶ preset ──▶ manifest, linted as it is written ──▶ rehearsal: a client, five invented people
//	        ──▶ try: a real sign-in and two reads on the page itself ──▶ criteria ──▶ submit ──▶ queue, steps, complaints
//	on the air ──▶ figures: declared and used, refusals, how a plugin fares, what became of its cards
//
// What a manifest must be is catalog/manifest's, the steps and whose they are catalog's, the invented people
// catalog/rehearsal's, the checks catalog/criteria's. A try goes to the server of rehearsals alone, as any client's would: there
// is no path from here to a real record.
package vendor
