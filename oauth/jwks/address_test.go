package jwks

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"1.1.1.1": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true,
		"127.0.0.1": false, "127.8.8.8": false, "0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "192.0.0.192": false, "198.18.0.1": false, "203.0.113.1": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false, "::": false, "::1": false, "::7f00:1": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "fc00::1": false,
		"fd12::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "2001:db8::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://app.example/jwks.json": true, "https://app.example:8443/jwks?x=1": true, "http://127.0.0.1:1/jwks": true, "http://localhost/jwks": true,
		"http://app.example/jwks": false, "https://": false, "https:app.example": false, "https://u@app.example/": false, "https://app.example/#f": false,
		"file:///etc/passwd": false, "gopher://app.example/": false, "javascript:alert(1)": false, "": false, "http://127.0.0.1.evil.example/": false,
	} {
		if err := CheckURL(url); (err == nil) != want {
			t.Errorf("%s: %v", url, err)
		}
	}
}
