package gate

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// A card's code is its number and a seal, each of 16 letters and digits that people do not take for one another. The
// number stands in the Consent that the person revokes; the seal does not, so that whoever reads the space cannot make
// the card.
const (
	cardBytes = 10 // of the number, and of the seal
	cardChars = 16
)

// cardAlphabet leaves out what looks alike: 0 and O, 1 and I and L, U.
const cardAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// cardLetters write numbers and seals; the last two only fill the 32 that the encoding needs.
var cardLetters = base32.NewEncoding(cardAlphabet + "+*").WithPadding(base32.NoPadding)

// NewCard is the number of an emergency card that nobody has yet. The card counts once a Consent of kind space.Card names it.
func (g *Gate) NewCard() string {
	for {
		var b [cardBytes]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		if number := cardLetters.EncodeToString(b[:]); !strings.ContainsAny(number, "+*") {
			return number
		}
	}
}

// IsCardNumber tells whether a text has the form of a card's number, not that there is such a card.
func IsCardNumber(text string) bool {
	return len(text) == cardChars && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(cardAlphabet, r) })
}

// CardCode is what is printed on a person's card of a number, in groups of four, and what its QR code holds: the number,
// sealed for that person, so that a card of the same number in another space opens nothing of theirs. patient is a logical id.
func (g *Gate) CardCode(patient, number string) string {
	var groups []string
	for part := range slices.Chunk([]byte(number+g.cardSeal(patient, number)), 4) {
		groups = append(groups, string(part))
	}
	return strings.Join(groups, " ")
}

// cardSeal has no letter that the alphabet lends only to fill its 32: those are typed badly, so it takes the next that has none.
func (g *Gate) cardSeal(patient, number string) string {
	seal := hmac.New(sha256.New, g.Key)
	for i := 0; ; i++ {
		fmt.Fprintf(seal, "emergency card %d %s %s", i, number, patient)
		if text := cardLetters.EncodeToString(seal.Sum(nil)[:cardBytes]); !strings.ContainsAny(text, "+*") {
			return text
		}
	}
}

// Card is what somebody may do who holds the emergency card with that code: their grant, for the person whose card it is. The
// use of the card is in the access log before this returns, and so is that of a code that opens nothing. found is false for a
// card that is revoked, is nobody's, or does not open for them, without telling which.
func (g *Gate) Card(ctx context.Context, grant *Grant, code string) (held *Grant, name string, found bool, err error) {
	own := *grant
	var refs []record.Ref
	number, patient, err := g.cardOf(ctx, code)
	if err != nil {
		return nil, "", false, err
	}
	if patient != "" {
		own.Patient = patient
		own.Actor.Identities = append(slices.Clone(own.Actor.Identities), space.CardSystem+"|"+number)
		refs = []record.Ref{{Type: "Patient", ID: patient}}
	}
	h := g.hear(&own)
	h.called = "scan-card"
	_, name, found, err = h.identify(ctx, &record.Interaction{Kind: record.KindRead, Ref: record.Ref{Type: "Patient"}}, refs)
	if err != nil || !found {
		return nil, "", false, err
	}
	return &own, name, true, nil
}

// IsCardCode tells whether a text has the form of a card's code, however it was typed; not that it opens anything.
func IsCardCode(text string) bool {
	code := cardText(text)
	return len(code) == 2*cardChars && !strings.ContainsFunc(code, func(r rune) bool { return !strings.ContainsRune(cardAlphabet, r) })
}

// cardText is a code without what was typed to separate its groups.
func cardText(code string) string {
	return strings.ToUpper(strings.Join(strings.FieldsFunc(code, func(r rune) bool {
		return unicode.IsSpace(r) || r == '-' || r == '.'
	}), ""))
}

// cardOf is the number of a code, however it was typed, and whose card it is: the person in whose space the number stands
// and for whom it is sealed; "" for nobody's.
func (g *Gate) cardOf(ctx context.Context, code string) (number, patient string, err error) {
	if code = cardText(code); len(code) != 2*cardChars {
		return "", "", nil
	}
	number, seal := code[:cardChars], code[cardChars:]
	consents, err := g.Records.Lookup(ctx, "Consent", space.CardSystem+"|"+number)
	if err != nil {
		return "", "", fmt.Errorf("finding a card: %w", err)
	}
	for _, ref := range consents[:min(len(consents), maxSameCards)] {
		consent, err := g.Records.Read(ctx, ref)
		if err != nil {
			return "", "", fmt.Errorf("reading a card: %w", err)
		}
		if hmac.Equal([]byte(seal), []byte(g.cardSeal(consent.Patient, number))) {
			return number, consent.Patient, nil
		}
	}
	return number, "", nil
}

// maxSameCards bounds how many cards of one number are looked at: numbers are drawn at random, so that others were written
// by hand.
const maxSameCards = 200
