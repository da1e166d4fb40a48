package main

import (
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/demo/glycare"
)

// serveGlycare runs the app from outside that the cast has, on a port of its own: the third after the demo's, or any. It
// returns its address, and what ends it.
func serveGlycare(host, port, fhir string) (address string, end func(), err error) {
	var l net.Listener
	if n, wrong := strconv.Atoi(port); wrong == nil && n > 0 && n < 65533 {
		l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n+3)))
	}
	if l == nil {
		if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
			return "", nil, err
		}
	}
	address = "http://" + l.Addr().String()
	app, err := glycare.New(glycare.Options{FHIR: fhir, Base: address})
	if err != nil {
		l.Close()
		return "", nil, err
	}
	server := &http.Server{Handler: app, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); err != nil && err != http.ErrServerClosed {
			slog.Warn("glycare ended", "error", err)
		}
	}()
	return address, func() { server.Close() }, nil
}
