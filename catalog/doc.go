// Package catalog keeps the apps of the catalogue: each version of each manifest on its way from a draft to the air and off
// it again, what its label lets it do at this instant, and what people complain of.
//
//	publisher ──Save──▶ draft ──Take(submit)──▶ version ──Take──▶ … ──Take(publish)──▶ on the air
//	authority ──Take──▶ opinion, suspension, recall …            a request ──Get──▶ App: manifest ∩ label, now
//	person, operator ──Complain──▶ complaint ──Answer──▶ ──Close──▶ verdict
//
// Which steps there are, from where to where, and whose they are is one table, Law: a step that is not in it cannot be taken.
// A version's bytes never change once it was submitted: another byte is another version, which wants a label of its own, and
// the version before stays on the air until then. Every step is dated, says by whom, and where the table asks for one, why,
// in both languages.
//
// An app exists for the rest of pontlevis only through its entry here: the authorization server asks at each request what
// the label says, so that a recall is in force at the next one, and no client registers beyond its manifest. Signatures and
// the log of labels are package label's; what an app may do under its label is decided by the policies.
//
// Rows, in the global partition:
//
//	"app" id                          the entry, as requests see it
//	"app-draft" id                    the manifest that the publisher is writing
//	"app-version" id version          a submitted manifest, with its steps
//	"app-complaint" id complaint      a complaint, with what became of it
package catalog
