// Package oauth is the authorization server: it signs people in, asks their consent, and gives, checks and ends the
// tokens through which apps reach a record.
//
// The flow of a token:
//
//	/oauth2/authorize ─ sanitise ─ client, return address, label ─ rules ─ fosite ─→ transaction (row)
//	/oauth2/continue  ─ sign in ─ choose a patient ─ consent ─→ fosite issues a code ─┐
//	/oauth2/token     ─ sanitise ─ client ─ label ─ fosite exchanges ───────────────┤
//	                                                                                 └→ exchange ─ commit: one Update
//	Authenticate      ─ authentication code ─ row ─ family ─ endings ─ person, client, label ─→ gate.Grant
//
// fosite is the grant engine; none of its HTTP handlers is exposed. Around it stand our own sanitiser (sanitise.go),
// client authentication (clientauth.go, assertion.go, mtls.go, turns.go) by named profiles (profile.go), registration
// (registration.go), scope algebra (package scope), refresh rules (refresh.go), answers (failure.go) and discovery
// (discovery.go). storage.go shows flat records of our own (records.go) to fosite as the
// sessions it knows; what an exchange changes is gathered in exchange.go and written in one transaction, with every
// decision taken again inside it: a code is redeemed once, a refresh token rotated once.
//
// A grant is a token family. Its id is also the sign-in transaction's, and part of every token, so all rows of an
// exchange are in one partition of the store. Rows, all in JSON under "oauth" (version 1):
//
//	token/NN    grant ID            the family: who, for whom, which scopes, the refresh head, revoked or not
//	            code ID SIG         authorization code; a used one stays as a tombstone
//	            access ID SIG       access token
//	            transaction ID      an authorization request that waits for the person
//	            pushed SIG          a pushed authorization request; a used one stays until nobody can come back to it
//	            launch ID SIG       where an app is to be opened; used by one grant
//	            opened SIG          how far somebody has opened a record in an emergency
//	            session ID SIG      a browser in which somebody is signed in
//	            owned PERSON ID     the sessions of a person that were not ended, to list and end them
//	            granted PATIENT ID  the grants for a patient, to list them
//	            agreed PERSON ID    the grants that a person agreed to, to list them
//	            sought ID SEARCH    whom somebody looked for in an emergency, before they open the record
//	            glass ID OPENING    an emergency access from our own page, beside its session
//	            relying ID CLIENT   an app to be told when the session ends
//	            device ID           a device that waits for a person, whose sign-in and grant have the same id
//	            typed HASH          the user code that leads to a device
//	            attempt ID SIG      a sign-in that goes on at a provider elsewhere
//	            jti CLIENT JTI      a client assertion that was used
//	            expires TIME ROW    index by time, for the sweep
//	patient/NN  ended PATIENT CLIENT  how often all grants of a patient were ended; CLIENT "" is every client
//	global      person KEY, account KEY, professional KEY, login LOGIN, passkey ID, client ID, origin ORIGIN CLIENT, registered SOFTWARE CLIENT,
//	            openable CLIENT, ring keys
//
// People also sign in at providers elsewhere (federation.go, package upstream); what those say of somebody becomes an
// account of this server (federated.go), found again by issuer and subject alone.
//
// Tokens are kept as SHA-256 signatures, client secrets as keyed hashes, passwords as argon2id, signing keys sealed.
//
// The package leaves to others: what an app's label says (Apps), whom a person may act for (Relations), how pages look
// (Pages), what a grant permits (the policies), and keeping security events (Config.Event).
package oauth
