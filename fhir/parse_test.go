package fhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		offset     int
		path, msg  string
	}{
		{"nothing", "", 0, "", "the text ends where a value is expected"},
		{"white space alone", " \n", 2, "", "the text ends where a value is expected"},
		{"trailing data", `{"a":1} x`, 8, "", "data after the value"},
		{"two values", `1 2`, 2, "", "data after the value"},
		{"leading zero", `[01]`, 2, "", "unexpected character where a comma or a closing bracket is expected"},
		{"bare minus", `[-]`, 2, "[0]", "unexpected character where a value is expected"},
		{"no digit after the point", `{"a":1.}`, 7, "a", "unexpected character where a digit is expected"},
		{"no digit in the exponent", `1e+`, 3, "", "the text ends where a digit is expected"},
		{"comma before brace", `{"a":1,}`, 7, "", "unexpected character where a member name is expected"},
		{"comma before bracket", `[1,]`, 3, "[1]", "unexpected character where a value is expected"},
		{"byte order mark", "\uFEFF{}", 0, "", "unexpected character where a value is expected"},
		{"single quotes", `{'a':1}`, 1, "", "unexpected character where a member name is expected"},
		{"open string", `{"a":"b`, 7, "a", "the text ends inside a string"},
		{"open object", `{"a":[{}`, 8, "a", "the text ends where a comma or a closing bracket is expected"},
		{"control character", "[\"a\nb\"]", 3, "[0]", "control character inside a string"},
		{"unknown escape", `["\x"]`, 2, "[0]", "unknown escape"},
		{"short \\u", `["\u12"]`, 2, "[0]", "bad \\u escape"},
		{"lone high surrogate", `["\ud83d"]`, 2, "[0]", "lone surrogate"},
		{"lone low surrogate", `["\ude00x"]`, 2, "[0]", "lone surrogate"},
		{"two high surrogates", `["\ud83d\ud83d"]`, 2, "[0]", "lone surrogate"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", 6, "", "invalid UTF-8"},
		{"name twice", `{"a":{"b":1,"c":2,"b":3}}`, 18, "a.b", "member name used twice"},
		{"name twice, one escaped", `{"id":1,"\u0069d":2}`, 8, "id", "member name used twice"},
		{"path", `{"entry":[1,{"resource":{"status":tru}}]}`, 34, "entry[1].resource.status", "unexpected character where a value is expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(c.text), Limits{})
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %v, want a *SyntaxError", err)
			}
			if want := (SyntaxError{c.offset, c.path, c.msg}); *syntax != want {
				t.Errorf("got %+v, want %+v", *syntax, want)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		limits     Limits
		accepted   bool
	}{
		{"as deep as allowed", strings.Repeat("[", 64) + strings.Repeat("]", 64), Limits{}, true},
		{"deeper", strings.Repeat("[", 65) + strings.Repeat("]", 65), Limits{}, false},
		{"endless nesting", strings.Repeat(`{"a":`, 1_000_000), Limits{}, false},
		{"as long as allowed", `"12345678"`, Limits{Bytes: 10}, true},
		{"longer", `"123456789"`, Limits{Bytes: 10}, false},
		{"as many as allowed", `[1,2,3]`, Limits{Nodes: 4}, true},
		{"more", `[1,2,3]`, Limits{Nodes: 3}, false},
	} {
		if _, err := Parse([]byte(c.text), c.limits); (err == nil) != c.accepted {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestManyMembersAreNotQuadratic(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteByte('{')
	for i := range 200_000 {
		b.WriteString(`"member` + strconv.Itoa(i) + `":0,`)
	}
	text := b.String()
	if _, err := Parse([]byte(text+`"last":1}`), Limits{}); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]byte(text+`"member7":1}`), Limits{}); err == nil {
		t.Error("a name used twice among many was accepted")
	}
}

func TestNodeReads(t *testing.T) {
	t.Parallel()
	n := mustParse(t, ` { "a" : 1.50 , "b\u0062":[true,null,"x\n\u00e9\ud83d\ude00\/"], "c":{} } `)
	if got := n.Get("a").Text(); got != "1.50" {
		t.Errorf("a number lost its digits: %s", got)
	}
	items := n.Get("bb").Items()
	if len(items) != 3 || items[0].Text() != "true" || items[1].Text() != "" || items[2].Text() != "x\né😀/" {
		t.Errorf("got %v", items)
	}
	if got := string(n.Get("bb").Bytes()); got != `[true,null,"x\n\u00e9\ud83d\ude00\/"]` {
		t.Errorf("got %s", got)
	}
	var names []string
	for name := range n.Fields() {
		names = append(names, name)
	}
	if !slices.Equal(names, []string{"a", "bb", "c"}) {
		t.Errorf("got %v", names)
	}
	if n.Get("c").Len() != 0 || n.Get("c").Items()[0].Kind() != Object || len(n.Get("d").Items()) != 0 {
		t.Error("Items of an object is not itself, or of nothing not empty")
	}
	var absent *Node
	if absent.Get("x").At("y").Text() != "" || absent.Bytes() != nil || absent.Kind() != Absent || absent.Len() != 0 {
		t.Error("an absent node is not empty")
	}
}

// decoded rebuilds what encoding/json would decode, from the tree.
func decoded(n *Node) any {
	switch n.Kind() {
	case Object:
		m := map[string]any{}
		for name, c := range n.Fields() {
			m[name] = decoded(c)
		}
		return m
	case Array:
		s := []any{}
		for c := range n.Each() {
			s = append(s, decoded(c))
		}
		return s
	case String:
		return n.Text()
	case Number:
		return json.Number(n.Text())
	case Bool:
		return n.Text() == "true"
	}
	return nil
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `-0.0e-12`, `"\ud83d\ude00"`, `{"a":[1,2,{"b":"c"}],"d":"\u0000"}`, `{"a":1,"a":2}`,
		"\"\xff\"", `[[[[]]]]`, ` { "resourceType" : "Patient" , "id" : "x" } `, `"\ud800"`, `1e999`, `{"":{"":0}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Parse(b, Limits{})
		if err != nil {
			agreesToRefuse(t, b, err)
			return
		}
		if !json.Valid(b) {
			t.Fatal("accepted what encoding/json refuses")
		}
		if !bytes.Equal(n.Bytes(), bytes.Trim(b, " \t\r\n")) {
			t.Fatalf("bytes changed: %q", n.Bytes())
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := decoded(n); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v, want %#v", got, want)
		}
		again, err := Parse(n.Bytes(), Limits{})
		if err != nil || !reflect.DeepEqual(decoded(again), want) {
			t.Fatalf("reading again: %v", err)
		}
		edited(t, n)
	})
}

// agreesToRefuse fails unless encoding/json refuses as well or the refusal is one
// of those Parse adds.
func agreesToRefuse(t *testing.T, b []byte, err error) {
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(b) {
		t.Fatalf("bad error %#v", err)
	}
	if !json.Valid(b) || !utf8.Valid(b) {
		return
	}
	switch syntax.Msg {
	case "member name used twice", "lone surrogate", "nested too deeply", "too many values":
	default:
		t.Fatalf("refused what encoding/json accepts: %v", err)
	}
}

// edited checks With and Without on whatever the text is.
func edited(t *testing.T, n *Node) {
	if n.Kind() != Object {
		return
	}
	set, err := Parse(n.With("id", []byte(`"new"`)), Limits{Depth: 65})
	if err != nil || set.Get("id").Text() != "new" {
		t.Fatalf("With gives %q: %v", n.With("id", []byte(`"new"`)), err)
	}
	cut, err := Parse(set.Without("id"), Limits{})
	if err != nil || cut.Get("id") != nil || cut.Len() != set.Len()-1 {
		t.Fatalf("Without gives %q: %v", set.Without("id"), err)
	}
	want := decoded(n).(map[string]any)
	delete(want, "id")
	if got := decoded(cut); !reflect.DeepEqual(got, want) {
		t.Fatalf("edits changed something else: %#v, want %#v", got, want)
	}
}

func TestRealDataRoundTrips(t *testing.T) {
	t.Parallel()
	count := 0
	for _, pattern := range []string{"hl7-r4-*/*", "fr-ans/*", "synthea-*/*"} {
		eachLine(t, pattern, func(file string, line int, text []byte) {
			count++
			if strings.HasPrefix(file, "examples") || strings.HasPrefix(file, "resources") || strings.Contains(file, "bundles") {
				if _, err := ParseResource(text); err != nil {
					t.Errorf("%s:%d: %v", file, line, err)
				}
			}
			n, err := Parse(text, Limits{})
			if err != nil {
				t.Errorf("%s:%d: %v", file, line, err)
				return
			}
			if !bytes.Equal(n.Bytes(), bytes.TrimSpace(text)) {
				t.Errorf("%s:%d: bytes changed", file, line)
			}
		})
	}
	t.Logf("%d texts", count)
}
