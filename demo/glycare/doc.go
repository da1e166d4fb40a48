// Package glycare is an app from outside: a small web app in which people follow their blood glucose. It knows of pontlevis
// what is published, and speaks HTTP to it like any other SMART app; it shares no code and no state with the gateway.
//
//	/          what it knows, or the way in
//	/connect   SMART App Launch 2.2, standalone: discovery, PKCE, state ─→ the gateway ─→ /callback ─ code for tokens
//	/launch    the same, opened from a record (EHR launch)
//	/measure   writes an Observation; the newest are read from the record at each look
//	/disconnect  revokes what it holds and forgets it
//
// Tokens stay in memory, on the side of the server, under a random name in a cookie. It keeps nothing of what it reads.
package glycare
