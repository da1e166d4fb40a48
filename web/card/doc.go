// Package card is the person's emergency card, at /space/card: made, shown, printed and revoked.
//
//	/space/card ─ make ─→ Consent of kind card (through the gate) ─→ the card: QR and code ─ revoke ─→ the same Consent, inactive
//	the card ─ copy ─→ the vital set (gate.Snapshot) ─→ signed, encrypted ─→ a file and its key, kept by nobody here
//	                                    /emergency/card/offline opens it, without network ─┘
//
// The QR holds the address of /emergency/card with the code in its fragment, which browsers do not send: the code is in no
// log of addresses. Without scripts it is typed. The package holds no rule: what the card opens, and to whom, is the
// policies'; web/emergency shows it to the health professional who holds the card.
package card
