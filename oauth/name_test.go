package oauth

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

func rawName(t testing.TB, sequence pkix.RDNSequence) []byte {
	t.Helper()
	raw, err := asn1.Marshal(sequence)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The registered subject and the certificate's are compared part by part: what only looks like the name is another.
func TestName(t *testing.T) {
	t.Parallel()
	attribute := func(oid asn1.ObjectIdentifier, value string) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: oid, Value: value}
	}
	cn, o, ou, c := asn1.ObjectIdentifier{2, 5, 4, 3}, asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.ObjectIdentifier{2, 5, 4, 11}, asn1.ObjectIdentifier{2, 5, 4, 6}
	got, err := certificateName(rawName(t, pkix.RDNSequence{
		{attribute(c, "FR")}, {attribute(o, `Labo, "Garonne" + Cie`)}, {attribute(ou, "b"), attribute(cn, " dpi")},
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		`CN=\ dpi+OU=b,O=Labo\, \"Garonne\" \+ Cie,C=FR`:               true,
		`ou=b + 2.5.4.3=\20dpi , o=Labo\2C \22Garonne\22 \2B Cie,c=FR`: true,
		`CN=\ dpi+OU=b,O=Labo\, \"Garonne\" \+ Cie`:                    false,
		`C=FR,O=Labo\, \"Garonne\" \+ Cie,CN=\ dpi+OU=b`:               false,
		`CN=dpi+OU=b,O=Labo\, \"Garonne\" \+ Cie,C=FR`:                 false,
		`CN=\ dpi+OU=b,O=Labo\, \"Garonne\" \+ Cie,C=fr`:               false,
		`CN=\ dpi,OU=b,O=Labo\, \"Garonne\" \+ Cie,C=FR`:               false,
	} {
		parsed, err := parseName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if parsed.equal(got) != want {
			t.Errorf("%s: %v, want %v", name, parsed, want)
		}
	}
	for _, bad := range []string{"", "CN", "CN=", "=a", "XYZ=a", "CN=#0c0161", "CN=a;O=b", `CN=a\`, `CN=a\x`, "CN=a,", "CN=a+", `CN=\ff`, "CN=a\x00", ",CN=a"} {
		if parsed, err := parseName(bad); err == nil {
			t.Errorf("%q is read as %v", bad, parsed)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add(`CN=\ dpi+OU=b,O=Labo\, \"Garonne\" \+ Cie,C=FR`)
	f.Add(`CN=a\2Cb`)
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseName(s)
		if err != nil {
			return
		}
		for _, relative := range d {
			for _, pair := range relative {
				if _, value, ok := strings.Cut(pair, "="); !ok || value == "" {
					t.Errorf("%q has the part %q", s, pair)
				}
			}
		}
	})
}
