package wire

import (
	_ "embed"

	"github.com/hashicorp/go-plugin"
)

// Constants of the handshake. [Version] changes when an older plugin could not be understood any more.
const (
	Version     = 1
	CookieKey   = "PONTLEVIS_PLUGIN"
	CookieValue = "1"
	Name        = "pontlevis" // of the one thing that is dispensed
)

// Handshake is what go-plugin compares on both sides. The cookie only keeps people from starting a plugin by hand.
var Handshake = plugin.HandshakeConfig{ProtocolVersion: Version, MagicCookieKey: CookieKey, MagicCookieValue: CookieValue}

// Proto is plugin.proto as published.
//
//go:embed plugin.proto
var Proto []byte
