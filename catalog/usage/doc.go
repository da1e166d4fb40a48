// Package usage tells what each app of the catalogue really did, month by month, and finds what it had not declared.
//
//	access log ── Follow ──▶ tally: app, month, category, direction ──▶ accesses, things, a sketch of how many persons
//	                └──▶ an access that no declaration stands for ──▶ Differ (a case for the authority), once a month
//	                └──▶ the first entry of a plugin's try to get out of its cage ──▶ Tripped (such a case)
//	                └──▶ a refusal ──▶ tally: app, month, kind ──▶ how often, a sketch of how many persons
//	storefront  ◀── Public: rounded, and nothing under a threshold
//
// The log is durable first, the tallies are derived from it: counts and the position that they were made up to are written
// in one transaction, so that a process that dies at any moment counts everything once. Nobody is written down: how many
// persons there were is estimated from a sketch (HyperLogLog) of keyed hashes, made with another key for each app and month,
// so that nobody can be found in it without the key of the gateway, or followed from one app or month to another.
//
// Rows, in the partition "usage":
//
//	"position" node                                   where the follower goes on in the log
//	"tally" app month category direction node         accesses and things (JSON)
//	"persons" app month category direction node       the sketch
//	                                                  (of refusals: their kind as the category, "refused" as the direction)
//	"differs" app month category direction            a difference that was told already
//	"pruned"                                          the month in which what is older than two years was removed
//
// What an app may do is the catalogue's and the policies' to say; what becomes of a difference, the authority's.
package usage
