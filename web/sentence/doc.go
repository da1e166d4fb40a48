// Package sentence says in plain French or English what an entry of the access log tells: who, in which role and
// establishment, through which app, what kind of thing, in which access mode, and by which rule.
//
//	AuditEvent ─ Of ─→ Access ─┐
//	AuditEvent ─ Of ─→ Access ─┴─ Visits ─→ Visit ─ Maker.Visit ─→ Told{one sentence, the rules' reasons, each access}
//
// A sentence never holds a code, a title of a document or an id: what has no words is said in general ones. It reads an
// AuditEvent as the gate shows it, so it tells no more than its reader may know. Names of organisations and apps, and the
// words of emergency reasons, are looked up by whoever asks (Names). The package decides nothing and reads nothing.
package sentence
