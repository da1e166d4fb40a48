package oauth

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// Apps tells what the catalogue says of an app at this instant. It is asked at every request and must be cheap.
type Apps interface {
	// App returns the catalogue's entry for a client id. The second result is false when there is none: the label's
	// status is then "none".
	App(ctx context.Context, client string) (App, bool, error)
}

// App is a catalogue entry as far as sign-in and consent need it.
type App struct {
	Label     gate.Label
	Publisher string // legal name of the publisher, shown on the consent page
	Category  string // what the publisher is: health, insurer, employer …
	FR, EN    AppText
	// Waits tells that nothing new begins for the app, a sign-in or a registration, while what runs goes on: its label has not
	// been confirmed for too long.
	Waits bool
	// Scopes are the widest that its manifest has, which clients that registered as it are held to at each request; nil where the
	// entry says nothing of scopes.
	Scopes []string
	// Cut ends every grant that was given before: the app was recalled then, and a label that it has now brings back none.
	Cut time.Time
}

// AppText is what an app says of itself in one language.
type AppText struct {
	Name    string // name shown to people
	Purpose string // what it will do with the data, one sentence
}

// Relations tells whom a person may act for. It is asked while a person signs in to an app; whether the relation still
// holds is decided again by the policies at each request.
type Relations interface {
	// ActsFor returns those the person may act for, the person's own space first when there is one.
	ActsFor(ctx context.Context, p *Person) ([]Relation, error)
	// PatientsOf returns the patients a professional is likely to open (the circle of care, today's appointments); it
	// is a convenience for choosing, not a right to read.
	PatientsOf(ctx context.Context, p *Person) ([]Relation, error)
	// FindPatient returns the patient with this INS (the number alone, 15 digits) whose record this professional may
	// open. The second result is false when there is none, and also when it would not open: whoever can type a number
	// must not learn who has a record.
	FindPatient(ctx context.Context, p *Person, ins string) (Relation, bool, error)
	// OpenPatient is FindPatient by logical id, for an app that is opened from that patient's record.
	OpenPatient(ctx context.Context, p *Person, patient string) (Relation, bool, error)
}

// Relation is one patient a person may act for, and as what.
type Relation struct {
	Kind    string // patient, representative, carer, helper, professional: gate.Actor.Kind
	Patient string // logical id
	Name    string // the patient's name, for choosing
	Actor   string // reference of the actor in this relation, such as "RelatedPerson/karim"; "" = the person's own reference
	Until   time.Time
}
