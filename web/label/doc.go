// Package label is the desk of the label authority: what waits for it, what there is to judge, and what it decides.
//
//	/label                          the queue with its clock, what waits for signatures, complaints, differences, apps on the air
//	/label/app/{app}                one app: versions, figures, complaints; suspend, recall, lift
//	/label/app/{app}/{version}      one version: what changed, evidence, the steps that may be taken, its label
//	/label/act/{act}                one decision that waits for signatures: its envelope to take away, copies to bring back
//	/label/use/{case}               something that an app did and had not declared
//
// The pages hold no rule: which steps there are is the law of package catalog, which signatures count the log of labels says, and
// what waits for them package signing keeps. No key of the authority is here; in the demonstration alone its keys sign at a
// press of a button.
package label
