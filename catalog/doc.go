// Package catalog keeps the apps of the catalogue and what their label says at this instant.
//
//	Put, Move ──> store (one record an app) ──Get──> App ──At(now)──> Status
//
// An app exists for the rest of pontlevis only through its entry here: the authorization server asks at each request
// what the label says, so that a recall is in force at the next one. What a label permits is decided by the policies.
package catalog
