//go:build !amd64

package main

// foreign does nothing: this architecture has no second door that is open.
func foreign() {}
