// Package plugins runs labelled code that comes to the data: one invocation, one person, one fresh process in the cage.
//
//	Host.Invoke ──> the label stands? ──> a fresh process of the pool ──> Begin ──┐
//	                                                                              │ Read  ──> query.go ──> the gate ──> alias.go
//	Outcome <── answer.go: cards, suggestions, figures, checked <── Answer <──────┘ (handle.go: as the human, through the app)
//	                                                       then the process is killed
//
// The plugin speaks the protocol of package wire on a connection that counts every byte (conn.go); go-plugin's broker,
// stdio and shutdown streams are refused, and a process is killed, never asked to end (guard.go, process.go). places.go shares
// the processes of a node among plugins, line.go keeps fresh ones of one release, supervise.go rests one that fails,
// drain.go lets a version finish beside the one that took its place; what a process may touch at all is package cage's.
//
// The package decides nothing about a record: every read is the gate's. What a card may show of an app comes from the
// catalogue, through [Options].
package plugins
