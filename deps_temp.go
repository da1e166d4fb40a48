//go:build tools

package tools

import (
	_ "github.com/chromedp/chromedp"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "go.opentelemetry.io/otel"
	_ "go.uber.org/goleak"
	_ "golang.org/x/net/html"
	_ "golang.org/x/oauth2"
	_ "golang.org/x/text/unicode/norm"
	_ "pgregory.net/rapid"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "codeberg.org/go-pdf/fpdf"
	_ "github.com/evanphx/json-patch/v5"
	_ "github.com/go-jose/go-jose/v4"
	_ "golang.org/x/crypto/argon2"
	_ "golang.org/x/crypto/chacha20poly1305"
	_ "golang.org/x/mod/sumdb/note"
	_ "golang.org/x/mod/sumdb/tlog"
	_ "go.etcd.io/bbolt"
	_ "github.com/ory/fosite/compose"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/open-policy-agent/opa/v1/rego"
	_ "github.com/spf13/cobra"
	_ "github.com/coreos/go-oidc/v3/oidc"
)
