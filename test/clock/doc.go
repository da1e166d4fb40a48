// Package clock is a time that tests move by hand.
package clock
