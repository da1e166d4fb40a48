// Package jwks reads the public key sets of clients: those registered by value, and those a client publishes at a URL.
package jwks
