// Package gate is the one way to a record: every read and every write of it passes the seven steps here.
//
//	authenticate   token            → Grant           grant.go, endpoint.go
//	understand     HTTP request     → Interaction     record.Understand, called from endpoint.go
//	gather         patient          → facts           facts.go
//	decide         facts × resource → Decision        decide.go, narrow.go, vouch.go (the rules are Rego, in package policies)
//	record         decision         → entry, durable  trace.go, logsource.go (the log is package audit)
//	fetch, enforce reads                              read.go, search.go, history.go, scope.go, sight.go, everything.go, redact.go
//	               writes                             deposit.go, govern.go, amend.go, write.go
//	               Bundles of requests                batch.go, transaction.go
//	answer                                            answer.go, endpoint.go, silence.go
//
//	the same, as somebody else would get it: for its holder, under changes not yet made  eyes.go
//
// No other package opens a record source. What is not understood is refused; what is forbidden and what is absent
// are answered alike; nothing leaves before its entry in the access log is durable.
//
// The gate knows no profession, class of document or access mode: it carries facts to the policies and their
// answers back. Who somebody is comes from the authorization server through [Grants].
package gate
