package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

type stream = grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin]

// raw speaks the protocol by hand, and badly.
type raw struct{ wire.UnimplementedPluginServer }

func (raw) Invoke(s stream) error {
	s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Hello{Hello: &wire.Hello{Software: "raw"}}})
	first, err := s.Recv()
	if err != nil {
		return err
	}
	begin := first.GetBegin()
	do, ok := misdeeds[begin.GetId()]
	if !ok {
		return fmt.Errorf("no misdeed %q", begin.GetId())
	}
	return do(s, begin)
}

func answer(s stream, a *wire.Answer) error {
	return s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Answer{Answer: a}})
}

func card(text string) *wire.Answer {
	return &wire.Answer{Cards: []*wire.Card{{Summary: text, Indicator: "info"}}}
}

func send(s stream, id int, query, next string) error {
	return s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Read{Read: &wire.Read{Id: uint32(id), Query: query, Next: next}}})
}

// ask sends a read and waits for what is told.
func ask(s stream, id int, query, next string) (*wire.ReadResult, error) {
	if err := send(s, id, query, next); err != nil {
		return nil, err
	}
	f, err := s.Recv()
	return f.GetResult(), err
}

const search = "Immunization?status=completed"

var state int

// seconds are ways to somebody else's record, or out of this one.
var seconds = []string{
	"Immunization?patient=lucas", "Immunization?subject=Patient/lucas", "Immunization?patient=~&patient=lucas",
	"Immunization?patient=~,lucas", "Immunization?patient:Patient.name=L", "Immunization?patient.identifier=urn:ins|1",
	"Immunization?subject:Patient=lucas", "Immunization?_has:Observation:patient:code=x", "Immunization?_include=Immunization:patient",
	"Immunization?_revinclude=Provenance:target", "Immunization?performer=Practitioner/dr-roux", "Immunization?_id=lucas-1",
	"Immunization?identifier=urn:ins|1", "Immunization?_filter=x", "Immunization?_contained=true", "Immunization?_query=all",
	"Immunization?_text=lucas", "Immunization?_source=x", "Immunization?_tag=x", "Immunization?%70atient=lucas", "Immunization?status=a&_page=b",
	"Immunization/lucas-1", "Immunization/camille-1", "Immunization/~1", "Immunization/~", "Immunization/~01", "Immunization/~99999999",
	"Patient/lucas", "Patient/camille", "Patient?name=Lucas", "Patient", "Patient/~/$everything", "Patient/~/_history", "Patient/~?_elements=id",
	"Immunization/../Patient/lucas", "../fhir/Patient/lucas", "/fhir/Patient/lucas", "Immunization/%2e%2e/Patient/lucas", "http://host.test/fhir/Patient/lucas",
	"//host.test/fhir/Patient/lucas", "Immunization#/Patient/lucas", "Immunization;x=1", "metadata", "", "?_type=Patient", "$export",
	"AuditEvent?date=ge2020", "Binary/x", "Consent", "RelatedPerson", "Bundle", "Practitioner?name=roux", "Organization/x",
	"immunization?status=completed", "Immunization?" + strings.Repeat("a", 2000), strings.Repeat("A", 5000),
}

var misdeeds = map[string]func(stream, *wire.Begin) error{
	"never": func(stream, *wire.Begin) error { select {} },
	"slow": func(s stream, _ *wire.Begin) error {
		time.Sleep(1500 * time.Millisecond)
		return answer(s, card("late"))
	},
	"panic": func(stream, *wire.Begin) error { panic("camille has diabetes") },
	"fails": func(stream, *wire.Begin) error { return fmt.Errorf("camille has diabetes") },
	"state": func(s stream, _ *wire.Begin) error { state++; return answer(s, card(fmt.Sprintf("seen %d", state))) },
	"trip": func(s stream, _ *wire.Begin) error {
		trace()
		return answer(s, card("traced"))
	},
	"big": func(s stream, _ *wire.Begin) error {
		return answer(s, &wire.Answer{Cards: []*wire.Card{{Summary: "x", Indicator: "info", Detail: strings.Repeat("x", 16<<20)}}})
	},
	"reads": func(s stream, _ *wire.Begin) error { // without ever taking an answer
		for i := 0; ; i++ {
			if err := send(s, i, search, ""); err != nil {
				return err
			}
		}
	},
	"malformed": func(s stream, _ *wire.Begin) error {
		f := &wire.FromPlugin{}
		f.ProtoReflect().SetUnknown([]byte{0xff, 0xff, 0xff})
		return s.Send(f)
	},
	"nothing": func(s stream, _ *wire.Begin) error { s.Send(&wire.FromPlugin{}); select {} },
	"hello": func(s stream, _ *wire.Begin) error {
		s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Hello{Hello: &wire.Hello{}}})
		select {}
	},
	"late": func(s stream, _ *wire.Begin) error {
		answer(s, card("done"))
		for i := range 10_000 {
			if err := send(s, i, "Observation?code=late", ""); err != nil {
				return err
			}
		}
		return answer(s, card("changed my mind"))
	},
	"seconds": func(s stream, _ *wire.Begin) error {
		got := 0
		for i, query := range seconds {
			r, err := ask(s, i, query, "")
			if err != nil {
				return err
			}
			if r.GetStatus() == 200 {
				got++
			}
		}
		return answer(s, card(fmt.Sprintf("got %d", got)))
	},
	"pages": func(s stream, _ *wire.Begin) error { // pages that nobody offered
		for i, next := range []string{"1", "0", "-1", "01", "2", "Immunization?_page=x", "http://host.test/fhir/Immunization?_page=x"} {
			if r, err := ask(s, i, "", next); err != nil || r.GetStatus() == 200 {
				return answer(s, card("got "+next))
			}
		}
		return answer(s, card("got nothing"))
	},
	"stolen": func(s stream, _ *wire.Begin) error { // what another invocation might have been given, in fields that do not exist
		f := &wire.Read{Id: 1, Query: search}
		f.ProtoReflect().SetUnknown([]byte("\xa2\x06\x05lucas\xaa\x06\x08grant-99"))
		s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Read{Read: f}})
		r, err := s.Recv()
		if err != nil {
			return err
		}
		return answer(s, card(fmt.Sprint("told ", r.GetResult().GetStatus())))
	},
	"budget": func(s stream, b *wire.Begin) error {
		first := 0
		for i := range int(b.GetLimits().GetReads()) + 3 {
			r, err := ask(s, i, search, "")
			if err != nil {
				return err
			}
			if r.GetStatus() == 429 && first == 0 {
				first = i + 1
			}
		}
		return answer(s, card(fmt.Sprintf("refused from %d", first)))
	},
	"system": func(s stream, _ *wire.Begin) error {
		return answer(s, &wire.Answer{SystemActions: []*wire.Action{{Type: "create"}}})
	},
	"link": func(s stream, _ *wire.Begin) error {
		c := card("look here")
		c.Cards[0].Links = []*wire.Link{{Label: "x", Url: "https://evil.example/?who=camille", Type: "absolute"}}
		return answer(s, c)
	},
	"image": func(s stream, _ *wire.Begin) error {
		c := card("look here")
		c.Cards[0].Detail = "![x](https://evil.example/camille)"
		return answer(s, c)
	},
	"environment": func(s stream, _ *wire.Begin) error {
		if os.Getenv("PONTLEVIS_TEST_SECRET") != "" {
			return answer(s, card("knows a secret"))
		}
		return answer(s, card("knows nothing"))
	},
	"shouts": func(s stream, _ *wire.Begin) error {
		signal.Ignore(syscall.SIGPIPE)
		for range 3 << 8 {
			if _, err := syscall.Write(2, make([]byte, 4<<10)); err != nil {
				break
			}
		}
		return answer(s, card("said much"))
	},
	"stderr": func(s stream, _ *wire.Begin) error {
		for range 10 {
			println(strings.Repeat("camille ", 100))
		}
		return answer(s, card("said much"))
	},
}
