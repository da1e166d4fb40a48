package plugins

import "testing"

func TestInvoke(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("reminders", "")
	for range 3 {
		out, err := b.call("reminders", "count")
		if err != nil {
			t.Fatal(err, b.host.Diagnoses(""))
		}
		if len(out.Cards) != 1 || out.Cards[0].Summary != "2 vaccinations" {
			t.Fatalf("%+v", out)
		}
		t.Log(out.Took, out.Level, out.Reads)
	}
	g := b.gate.grants[0]
	if g.Patient != "camille" || g.Client.ID != "reminders" || g.Client.Kind != "plugin" || g.Via[0] != "ehr" || g.Actor.ID != "Practitioner/dr-roux" {
		t.Errorf("the gate was asked with %+v", g)
	}
	t.Logf("%+v", b.host.Diagnoses(""))
}
