// Package emergency is the page of somebody who has ten seconds: from a person who cannot answer to what keeps them alive.
//
//	/emergency ── a number, a scanned code, or four traits ──→ the gate: normal access is enough, glass needed, or refused
//	      └─ one reason pressed ──→ /emergency/OPENING: the vital set, each section read by itself, the mode and its clock
//	              ├─ second and third gesture ──→ /emergency/OPENING/record: the rest, then what is masked
//	              └─ what I opened, and the end ──→ /emergency/OPENING/opened
//	/emergency/card#CODE, scanned or typed ──→ the vital set in the answer to the form, nothing kept
//
// A section that could not be read never looks like one in which nothing is recorded. The gate decides everything and logs
// it before it answers; oauth keeps what is open beside the session. What comes afterwards (cases, notices) follows the
// access log and is no part of this package.
package emergency
