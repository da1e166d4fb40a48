package oauth

import (
	"net/netip"
	"strings"
)

// Words of a User-Agent, in the order in which they decide: most browsers also claim to be the later ones.
var (
	browserWords = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systemWords = [][2]string{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
	}
)

// deviceOf says coarsely which browser on which system sent a request: enough for its owner to know it again, nothing of
// the User-Agent itself. "" when it tells neither.
func deviceOf(agent string) string {
	agent = agent[:min(len(agent), 1024)]
	word := func(words [][2]string) string {
		for _, w := range words {
			if strings.Contains(agent, w[0]) {
				return w[1]
			}
		}
		return ""
	}
	return strings.Trim(word(browserWords)+", "+word(systemWords), ", ")
}

// wideNetwork is where a request came from, coarse: an IPv4 /24, an IPv6 /48, as a prefix.
func wideNetwork(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.IsLoopback() {
		return a.String()
	}
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
