// Package keyring keeps the keys with which the authorization server signs what others verify: id_tokens, logout tokens
// and JWT access tokens.
//
// Each algorithm has a line of keys, and each key passes through three states:
//
//	next     published, signs nothing: verifiers that cache the key set get to know it before they need it
//	current  signs
//	retired  signs nothing more, still published and still verifies, then is removed
//
// A next key may sign once it has been published for Schedule.Publish; Tend takes the steps that are due, by the schedule
// or because Rotate asked for one. Every step is one transaction on one row, decided again inside it, so that of several
// nodes one takes it. Each use reads that row, remembered decoded: a node that did not take the step follows at its next
// signature. Private keys are sealed in the row with AES-256-GCM under Options.Seal; the store alone lets nobody sign.
//
// The package leaves to others what is signed, and who serves the published set.
package keyring
