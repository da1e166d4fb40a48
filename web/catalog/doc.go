// Package catalog is the storefront: the apps that may be connected to a space, what each asks and why, what it really did, and
// what its label says at this instant.
//
//	GET  /catalog                  shelves, search; nobody has to be signed in
//	GET  /catalog/{app}            one app; with whoever is signed in: what it did in their own record
//	GET  /catalog/{app}/manifest   the bytes that its label was signed over
//	POST /catalog/{app}/connect    opens a SMART app from the record, or keeps the agreement with a plugin
//	POST /space/change             (web/sharing) disconnects
//
// Everything is computed at the request from what stands: the entry, its label, the tallies of catalog/usage. The package
// decides nothing: whether an app may act is the gate's to say, and who may see whose record.
package catalog
