package fhir

import (
	"testing"
	"time"
)

func TestWithAndWithout(t *testing.T) {
	t.Parallel()
	const spaced = "{ \"a\" : 1.0 ,\n\t\"b\":[ 1 , 2 ],\"c\" : {}\n}"
	n := mustParse(t, spaced)
	for _, c := range []struct{ name, got, want string }{
		{"replace", string(n.With("b", []byte(`null`))), "{ \"a\" : 1.0 ,\n\t\"b\":null,\"c\" : {}\n}"},
		{"replace the last", string(n.With("c", []byte(`[]`))), "{ \"a\" : 1.0 ,\n\t\"b\":[ 1 , 2 ],\"c\" : []\n}"},
		{"add", string(n.With("é\"", []byte(`0`))), "{ \"a\" : 1.0 ,\n\t\"b\":[ 1 , 2 ],\"c\" : {},\"é\\\"\":0\n}"},
		{"add to nothing", string(mustParse(t, `{ }`).With("a", []byte(`0`))), `{"a":0 }`},
		{"no object", string(mustParse(t, `[1]`).With("a", []byte(`0`))), `[1]`},
		{"cut first", string(n.Without("a")), "{\n\t\"b\":[ 1 , 2 ],\"c\" : {}\n}"},
		{"cut last", string(n.Without("c")), "{ \"a\" : 1.0 ,\n\t\"b\":[ 1 , 2 ]}"},
		{"cut several", string(n.Without("a", "c", "x")), "{\n\t\"b\":[ 1 , 2 ]}"},
		{"cut all", string(n.Without("a", "b", "c")), "{}"},
		{"cut none", string(n.Without("x")), spaced},
		{"inner", string(mustParse(t, `[{"x":{"a":1,"b":2}}]`).Items()[0].Get("x").Without("a")), `{"b":2}`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestStampSetsThreeThingsAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 12, 30, 0, 123_900_000, time.FixedZone("", 3600))
	for _, c := range []struct{ name, in, want string }{
		{"new", `{"resourceType":"Observation","valueDecimal": 1.0}`,
			`{"resourceType":"Observation","id":"n1","meta":{"versionId":"3","lastUpdated":"2026-11-21T11:30:00.123Z"},"valueDecimal": 1.0}`},
		{"stored", `{"id":"o","meta":{"versionId":"1","profile":["http://p"],"lastUpdated":"2020-01-01T00:00:00Z"},"resourceType":"Observation"}`,
			`{"id":"n1","meta":{"versionId":"3","profile":["http://p"],"lastUpdated":"2026-11-21T11:30:00.123Z"},"resourceType":"Observation"}`},
		{"part of meta", `{"resourceType":"Observation" , "meta" : { "security" : [] } }`,
			`{"resourceType":"Observation","id":"n1" , "meta" : { "security" : [],"versionId":"3","lastUpdated":"2026-11-21T11:30:00.123Z" } }`},
		{"only a type", `{"resourceType":"Observation"}`,
			`{"resourceType":"Observation","id":"n1","meta":{"versionId":"3","lastUpdated":"2026-11-21T11:30:00.123Z"}}`},
	} {
		s := mustResource(t, c.in).Stamp("n1", "3", at)
		if got := string(s.JSON()); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		again := mustResource(t, string(s.JSON()))
		if again.ID() != s.ID() || again.Version() != s.Version() || !again.Updated().Equal(s.Updated()) || s.Attributes().ID != "n1" {
			t.Errorf("%s: what was stamped does not read back: %v %v", c.name, again.Updated(), s.Updated())
		}
	}
}
