// Package worlds proves that nothing hidden can be inferred: it builds two stores that differ by one thing that an actor
// may not know, drives both through the real gate with the same random requests, and compares the answers.
//
//	kinds_test.go      what may be hidden, and from whom    → two worlds
//	place_test.go      a gate over a copy of a store        → answers
//	requests_test.go   search definitions × both worlds     → requests
//	drive_test.go      requests in both worlds              → the first difference
//	shrink_test.go     a difference                         → the smallest one that tells
//	leaks_test.go      the gate with a guard taken out      → must be caught
//	eyes_test.go       what a holder sees through another's eyes, under changes → what that other gets once they are made
//	pages_test.go      the pages of people in both worlds   → the first difference (house_test.go builds them)
//	timing_test.go     absent against forbidden             → what the clock tells
//
// Everything here is test code, so that no binary holds it. What is held and what remains is said in docs/silence.md.
package worlds
