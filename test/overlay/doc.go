// Package overlay builds test binaries out of changed sources: a test takes a protection out of the code and sees that
// another test notices, while the repository never holds code without it.
//
//	Sources ─ Put (a file more) ─ Replace (a text that is there once) ─→ Write ─→ go test -c -overlay=FILE
//	                                                              Run does that, and runs tests of it
package overlay
