package pontlevis

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the directives beside ours
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the JSON below the Caddyfiles again")

const separator = "----------\n"

// TestAdapt compares each Caddyfile of testdata/adapt with the JSON below it.
func TestAdapt(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatalf("no Caddyfiles were found: %v", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			caddyfile, want, ok := strings.Cut(string(content), separator)
			if !ok {
				t.Fatalf("%s has no line %q", path, separator)
			}
			got, err := adapt(caddyfile)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(path, []byte(caddyfile+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("adapting %s (-want +got):\n%s", path, diff)
			}
		})
	}
}

func adapt(caddyfile string) (string, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, config, "", "\t"); err != nil {
		return "", err
	}
	return out.String() + "\n", nil
}

// TestAdaptRefuses holds that a word nobody knows is refused with its file and line.
func TestAdaptRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ caddyfile, want string }{
		"an unknown option":         {"{\n\tpontlevis {\n\t\tdrawbridge up\n\t}\n}\n", "Caddyfile:3"},
		"an argument too many":      {"{\n\tpontlevis {\n\t\tdata a b\n\t}\n}\n", "Caddyfile:3"},
		"an option without value":   {"{\n\tpontlevis {\n\t\tissuer\n\t}\n}\n", "Caddyfile:3"},
		"an option twice":           {"{\n\tpontlevis {\n\t\tdata a\n\t\tdata b\n\t}\n}\n", "Caddyfile:4"},
		"demo with an argument":     {"{\n\tpontlevis {\n\t\tdemo yes\n\t}\n}\n", "Caddyfile:3"},
		"one strength":              {"{\n\tpontlevis {\n\t\tacr loa1\n\t}\n}\n", "at least two"},
		"a strength twice":          {"{\n\tpontlevis {\n\t\tacr loa1 loa2 loa1\n\t}\n}\n", `"loa1" twice`},
		"a silence of no time":      {"{\n\tpontlevis {\n\t\tsilence soon\n\t}\n}\n", "Caddyfile:3"},
		"a silence below nothing":   {"{\n\tpontlevis {\n\t\tsilence -5ms\n\t}\n}\n", "between 1ms and 1s"},
		"a silence too short":       {"{\n\tpontlevis {\n\t\tsilence 10us\n\t}\n}\n", "between 1ms and 1s"},
		"a silence for ever":        {"{\n\tpontlevis {\n\t\tsilence 1h\n\t}\n}\n", "Caddyfile:3"},
		"a silence twice":           {"{\n\tpontlevis {\n\t\tsilence 5ms\n\t\tsilence 0\n\t}\n}\n", "Caddyfile:4"},
		"a word under keys":         {"{\n\tpontlevis {\n\t\tkeys {\n\t\t\tforge 1d\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"a key for no time":         {"{\n\tpontlevis {\n\t\tkeys {\n\t\t\trotate soon\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"keys kept twice":           {"{\n\tpontlevis {\n\t\tkeys {\n\t\t\tkeep 9d\n\t\t\tkeep 9d\n\t\t}\n\t}\n}\n", "Caddyfile:5"},
		"an upstream without name":  {upstreamFile(""), "Caddyfile:3"},
		"an upstream of no kind":    {upstreamFile("psc", "issuer https://a.example", "client_id c"), "Caddyfile:3"},
		"a word under upstream":     {upstreamFile("psc", "moat deep"), "Caddyfile:4"},
		"a word under map":          {upstreamFile("psc", "map {", "moat deep", "}"), "Caddyfile:5"},
		"a shared secret's alg":     {upstreamFile("psc", "issuer https://a.example", "client_id c", "kind professional", "algs HS256", "map {", "profession p s", "}"), "HS256"},
		"no signature at all":       {upstreamFile("psc", "issuer https://a.example", "client_id c", "kind professional", "algs none", "map {", "profession p s", "}"), "none"},
		"an issuer over plain http": {upstreamFile("psc", "issuer http://127.0.0.1:1", "client_id c", "kind patient"), "https"},
		"a path that is none":       {upstreamFile("psc", "map {", "name a..b", "}"), "Caddyfile:5"},
		"a truth without words":     {upstreamFile("psc", "map {", "regulation a", "}"), "Caddyfile:5"},
		"a profession twice":        {upstreamFile("psc", "map {", "profession a", "profession b", "}"), "Caddyfile:6"},
		"a number without traits":   {upstreamFile("fc", "issuer https://a.example", "client_id c", "kind patient", "map {", "ins a", "}"), "family and birth_date"},
		"a patient with a practice": {upstreamFile("fc", "issuer https://a.example", "client_id c", "kind patient", "map {", "profession a", "}"), "professional"},
		"mail from nobody":          {"{\n\tpontlevis {\n\t\tmail a.example:25 {\n\t\t}\n\t}\n}\n", "needs from"},
		"mail to no server":         {"{\n\tpontlevis {\n\t\tmail {\n\t\t\tfrom a@b.example\n\t\t}\n\t}\n}\n", "Caddyfile:3"},
		"a word under mail":         {"{\n\tpontlevis {\n\t\tmail a.example:25 {\n\t\t\tpassword chut\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"mail twice":                {"{\n\tpontlevis {\n\t\tmail a.example:25 {\n\t\t\tfrom a@b.example\n\t\t}\n\t\tmail b.example:25\n\t}\n}\n", "Caddyfile:6"},
		"a word under review":       {"{\n\tpontlevis {\n\t\treview {\n\t\t\tjudge Practitioner/a\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"a reviewer nobody is":      {"{\n\tpontlevis {\n\t\treview {\n\t\t\treviewer\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"a load of nothing":         {"{\n\tpontlevis {\n\t\tload\n\t}\n}\n", "Caddyfile:3"},
		"mtls twice":                {"{\n\tpontlevis {\n\t\tmtls\n\t\tmtls\n\t}\n}\n", "Caddyfile:4"},
		"mtls of two hosts":         {"{\n\tpontlevis {\n\t\tmtls https://a https://b\n\t}\n}\n", "Caddyfile:3"},
		"an unknown word of mtls":   {"{\n\tpontlevis {\n\t\tmtls {\n\t\t\tca x\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"plugins twice":             {"{\n\tpontlevis {\n\t\tplugins\n\t\tplugins\n\t}\n}\n", "Caddyfile:4"},
		"a cage for no reason":      {"{\n\tpontlevis {\n\t\tplugins {\n\t\t\tisolation S2\n\t\t}\n\t}\n}\n", "say why"},
		"no cage":                   {"{\n\tpontlevis {\n\t\tplugins {\n\t\t\tisolation S0 \"I like it\"\n\t\t}\n\t}\n}\n", "S1, S2 or S3"},
		"no places":                 {"{\n\tpontlevis {\n\t\tplugins {\n\t\t\tprocesses 0\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"a word under plugins":      {"{\n\tpontlevis {\n\t\tplugins /srv {\n\t\t\tdragon\n\t\t}\n\t}\n}\n", "Caddyfile:4"},
		"a wire of no kind":         {"{\n\tpontlevis {\n\t\tplugins {\n\t\t\ttripwire ignore\n\t\t}\n\t}\n}\n", "suspend or report"},
		"registration for all":      {"{\n\tpontlevis {\n\t\tregistration {\n\t\t}\n\t}\n}\n", "never open to everybody"},
		"registration by a word":    {"{\n\tpontlevis {\n\t\tregistration open\n\t}\n}\n", "Caddyfile:3"},
		"an argument of the app":    {"{\n\tpontlevis up {\n\t}\n}\n", "Caddyfile:2"},
		"a part that is not there":  {":80 {\n\tpontlevis moat\n}\n", "Caddyfile:2"},
		"a block on the directive":  {":80 {\n\tpontlevis {\n\t\tdata a\n\t}\n}\n", "Caddyfile:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := adapt(tt.caddyfile); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("adapting gave %q and error %v, want one that names %s", got, err, tt.want)
			}
		})
	}
}

// upstreamFile is a Caddyfile with one provider.
func upstreamFile(name string, lines ...string) string {
	return "{\n\tpontlevis {\n\t\tupstream " + name + " {\n" + strings.Join(lines, "\n") + "\n\t\t}\n\t}\n}\n"
}
