// Package plugins runs labelled code that comes to the data: one invocation, one person, one fresh process in the cage.
//
//	Host.Invoke ──> the label stands? ──> a fresh process of the pool ──> Begin ──┐
//	                                                                              │ Read  ──> query.go ──> the gate ──> alias.go
//	Outcome <── answer.go: cards, suggestions, figures, checked <── Answer <──────┘ (handle.go: as the human, through the app)
//	                                                       then the process is killed
//
// The plugin speaks the protocol of package wire on a connection that counts every byte (conn.go); go-plugin's broker,
// stdio and shutdown streams are refused, and what a process says before it may speak is looked at first (guard.go).
// pool.go shares the places of a node among plugins, line.go keeps fresh processes of one release and rests one that
// fails. The package decides nothing about a record: every read is the gate's. What a card may show of an app comes from
// the catalogue, through [Options].
package plugins
