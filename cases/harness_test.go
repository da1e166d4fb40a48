package cases_test

import (
	"errors"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/test/house"
)

func TestMain(m *testing.M) {
	if os.Getenv(childFolder) != "" {
		openForEver(os.Getenv(childFolder))
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/pontlevis/pontlevis/policies.(*redecider).run"))
}

// desk is a house with a register of cases.
type desk struct {
	*house.House
	testing.TB
	cases *cases.Register
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{House: house.New(t), TB: t}
	d.cases = d.register()
	d.Gate.Overdue = d.cases.Due
	return d
}

// register is a register as it begins over what is in the house.
func (d *desk) register() *cases.Register {
	d.Helper()
	r, err := cases.New(d.Context(), cases.Config{DB: d.DB, Log: d.House.Log, Now: d.Clock.Now})
	if err != nil {
		d.Fatal(err)
	}
	r.Through(d.Gate)
	return r
}

// catch brings the register up to the log.
func (d *desk) catch() {
	d.Helper()
	if err := d.cases.Catch(d.Context()); err != nil {
		d.Fatal(err)
	}
}

// glass opens an emergency access, which becomes a case.
func (d *desk) glass(id, key, patient string, stage int) *gate.Grant {
	d.Helper()
	g, err := d.Glass(d.Context(), id, key, patient, stage)
	if err != nil {
		d.Fatal(err)
	}
	d.catch()
	return g
}

// only is the one case of somebody's space.
func (d *desk) only(key string) cases.Case {
	d.Helper()
	all, err := d.cases.Of(d.Context(), d.Grant(key, key, ""))
	if err != nil || len(all) != 1 {
		d.Fatalf("%d cases, %v", len(all), err)
	}
	return all[0]
}

// refused reports whether an error is a refusal that says so in English.
func refused(err error) string {
	var no *gate.Refusal
	if errors.As(err, &no) && len(no.Issues) > 0 {
		return no.Issues[0].EN
	}
	return ""
}
