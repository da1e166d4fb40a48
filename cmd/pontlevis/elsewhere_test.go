package main_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSignInAtProvidersNobodyHereWrote runs npm's oidc-provider (test/clients), shaped like FranceConnect and like Pro Santé
// Connect, and has people sign in to a demo there.
func TestSignInAtProvidersNobodyHereWrote(t *testing.T) {
	t.Parallel()
	node, clients := needs(t, "node"), foreignClients(t)
	folder := t.TempDir()
	data, address, persons, professionals := filepath.Join(folder, "data"), freeAddress(t), freeAddress(t), freeAddress(t)
	for name, secret := range map[string]string{"franceconnect": "a secret of franceconnect\n", "psc": "a secret of psc\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(folder, "Caddyfile")
	if err := os.WriteFile(config, []byte(elsewhereFile(folder, address, persons, professionals)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := launch(data, address, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.finish(t) })
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "elsewhere.mjs")
	c.Dir, c.SysProcAttr = clients, withParent()
	c.Env = append(os.Environ(), "PONTLEVIS_DATA="+data, "PONTLEVIS_ELSEWHERE="+portOf(t, persons)+","+portOf(t, professionals))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s\n%s", err, out, s.errors())
	}
	if !strings.Contains(string(out), "# pass ") || strings.Contains(string(out), "# pass 0") {
		t.Errorf("no test ran:\n%s", out)
	}
	if log := s.errors(); strings.Contains(log, "eyJ") || strings.Contains(log, "a secret of") {
		t.Errorf("the log holds a token or a secret:\n%s", log)
	}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func elsewhereFile(folder, address, persons, professionals string) string {
	host, port, _ := strings.Cut(address, ":")
	return fmt.Sprintf(`{
	admin off
	auto_https off
	persist_config off
	pontlevis {
		data %[1]q
		issuer http://%[2]s
		demo
		upstream franceconnect {
			issuer http://%[3]s
			client_id pontlevis
			client_secret_file %[5]q
			client_auth post
			kind patient
			label FranceConnect
			scopes openid identite_pivot
			acr eidas1 eidas2
			algs ES256 RS256
			userinfo signed
			reach loopback
			map {
				name given_name family_name
				ins ins
				family family_name
				given given_name
				birth_date birthdate
				gender gender
			}
		}
		upstream psc {
			issuer http://%[4]s
			client_id pontlevis
			client_secret_file %[6]q
			kind professional
			label "Pro Santé Connect"
			scopes openid scope_all
			acr eidas1
			max_age 4h
			reach loopback
			exchange lps
			map {
				key SubjectNameID
				name given_name family_name
				reference Practitioner SubjectNameID
				identifier SubjectNameID urn:oid:1.2.250.1.71.4.2.1
				rpps SubjectNameID 8
				situations SubjectRefPro.exercices[].activities[]
				profession codeProfession urn:oid:1.2.250.1.71.1.2.7
				speciality codeSavoirFaire urn:oid:1.2.250.1.71.4.2.5
				roles SubjectRole
				system urn:oid:1.2.250.1.213.1.1.5.5 urn:oid:1.2.250.1.71.1.2.7
				words "urn:oid:1.2.250.1.71.1.2.7|10" Médecin
				organization_name raisonSocialeSite
				organization numeroFinessSite https://finess.esante.gouv.fr
				regulation Acces_Regulation_Medicale yes VRAI no FAUX
			}
		}
	}
}
http://:%[7]s {
	bind %[8]s
	pontlevis
}
`, filepath.Join(folder, "data"), address, persons, professionals, filepath.Join(folder, "franceconnect"), filepath.Join(folder, "psc"), port, host)
}
