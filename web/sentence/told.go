package sentence

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/space"
)

// Told is a visit in words.
type Told struct {
	Sentence string
	Why      []string // the reasons of the rules that decided, each once, and the consent they rest on
	Mode     string   // "Normal access"
	From, To time.Time
	Accesses []One // newest first
}

// One is one access of a visit in words.
type One struct {
	ID   string
	At   time.Time
	Hour string // in the country's time
	Does string // what was done, without who: "a lu 3 documents"
	Why  string
}

// Visit says a visit in one sentence, with what it rests on and what it was made of.
func (m *Maker) Visit(visit *Visit, r Reader, names Names) Told {
	v := &voice{m: m, r: r, names: names}
	first, latest := visit.First(), visit.Latest()
	t := Told{Sentence: v.sentence(visit.Accesses), Mode: v.text("mode." + modeOf(latest)), From: first.At, To: latest.At}
	for i := range visit.Accesses {
		a := &visit.Accesses[i]
		one := One{ID: a.ID, At: a.At, Hour: m.Hour(r.Lang, a.At), Does: v.does(visit.Accesses[i : i+1]), Why: v.why(a)}
		if t.Accesses = append(t.Accesses, one); !slices.Contains(t.Why, one.Why) {
			t.Why = append(t.Why, one.Why)
		}
	}
	return t
}

// Access says one access in one sentence.
func (m *Maker) Access(a Access, r Reader, names Names) string {
	return (&voice{m: m, r: r, names: names}).sentence([]Access{a})
}

// sentence says what a list of accesses of one visit, newest first, comes to.
func (v *voice) sentence(accesses []Access) string {
	oldest := &accesses[len(accesses)-1]
	return v.when(oldest.At) + ", " + v.who(accesses) + " " + v.does(accesses) + v.mode(accesses) + "."
}

// does says what was done, and how it came out.
func (v *voice) does(accesses []Access) string { return v.cameOut(v.deeds(accesses), &accesses[0]) }

// cameOut says deeds as done, or as tried.
func (v *voice) cameOut(deeds []string, a *Access) string {
	person := v.person(a)
	switch a.Outcome {
	case Refused:
		return v.text("refused."+person, v.list(deeds))
	case Failed:
		return v.text("failed."+person, v.list(deeds))
	}
	return v.list(deeds)
}

// person is the grammar of the verb: the reader, or somebody else.
func (v *voice) person(a *Access) string {
	if v.self(a) {
		return "you"
	}
	return "they"
}

func (v *voice) self(a *Access) bool { return a.Who != "" && slices.Contains(v.r.Self, a.Who) }

// deedsInOrder are what may be done, in the order of a sentence.
var deedsInOrder = []string{Sought, Weighed, Scanned, Opened, Read, Looked, Added, Altered, Removed, Chose, Took, Copied, Reread, Eyed, Ended, Reviewed, Closed, Asked, Spoke, Followed, Did}

// deeds says each kind of thing that was done once.
func (v *voice) deeds(accesses []Access) []string {
	by := map[string][]Access{}
	for _, a := range accesses {
		by[a.Does] = append(by[a.Does], a)
	}
	if len(by[Read]) > 0 && by[Read][0].Outcome == LetIn {
		delete(by, Looked) // looking for what was then read
	}
	var out []string
	for _, does := range deedsInOrder {
		if len(by[does]) > 0 {
			out = append(out, v.deed(does, by[does])...)
		}
	}
	return out
}

// deed says one kind of thing that was done: "a lu 3 documents et vos allergies", or, when it was tried, "lire …".
func (v *voice) deed(does string, accesses []Access) []string {
	form := v.person(&accesses[0])
	if accesses[0].Outcome != LetIn {
		form = "try"
	}
	key := "do." + does + "." + form
	switch does {
	case Read, Added, Altered, Removed:
		if touched := count(accesses); len(touched) > 0 {
			return []string{v.text(key, v.things(does, touched))}
		}
		return []string{v.text("do."+does+"."+form+".bare", v.space())}
	case Chose:
		return v.choices(key, accesses)
	case Looked, Opened, Took, Eyed, Did:
		return []string{v.text(key, v.space())}
	}
	return []string{v.text(key)}
}

// space is the record that it was done in.
func (v *voice) space() string { return v.text("space." + v.owner()) }

func (v *voice) owner() string {
	if v.r.Own {
		return "own"
	}
	return "other"
}

// things says what was touched. What is read is the person's own ("your allergies"), documents are counted; what is
// written is counted.
func (v *voice) things(does string, touched []counted) string {
	var out []string
	for _, t := range touched {
		key := "thing." + t.name + "."
		switch {
		case does == Read && t.name != "documents":
			out = append(out, v.text(key+v.owner()))
		case t.n == 1:
			out = append(out, v.text(key+"one"))
		default:
			out = append(out, v.text(key+"many", t.n))
		}
	}
	return v.list(out)
}

// choices says each choice of the space once.
func (v *voice) choices(key string, accesses []Access) []string {
	var said []string
	for _, a := range accesses {
		choice := v.text("choice." + a.Choice)
		if choice == "" {
			choice = v.text("choice")
		}
		if !slices.Contains(said, choice) {
			said = append(said, choice)
		}
	}
	return []string{v.text(key, v.list(said))}
}

func modeOf(a *Access) string {
	switch a.Mode {
	case space.ModeGlass, space.ModeSAMU:
		return a.Mode
	}
	return "normal"
}

// mode says how the record was entered, where it was not in the ordinary way.
func (v *voice) mode(accesses []Access) string {
	a := &accesses[0]
	out := ""
	if mode := modeOf(a); mode != "normal" {
		out = v.text("how." + mode)
		stage := ""
		for _, one := range accesses {
			stage = max(stage, one.Stage)
		}
		if a.Does != Opened || len(accesses) > 1 {
			out += v.text("stage." + stage)
		}
		if reason := v.reason(a); reason != "" {
			out += v.text("how.reason", reason)
		}
	}
	if a.Secret {
		out += v.text("how.secret")
	}
	if a.Drill {
		out += v.text("how.drill")
	}
	return out
}

// reason is the coded reason of an emergency as part of a sentence.
func (v *voice) reason(a *Access) string {
	if v.names.Reason == nil || a.Reason == "" {
		return ""
	}
	said := strings.TrimSuffix(strings.TrimSpace(v.pick(v.names.Reason(a.Mode, a.Reason))), ".")
	first, size := utf8.DecodeRuneInString(said)
	if size == 0 {
		return ""
	}
	return string(unicode.ToLower(first)) + said[size:]
}

// why is the reason of the rule that decided, in words.
func (v *voice) why(a *Access) string {
	if said := v.pick(a.Why.FR, a.Why.EN); said != "" {
		return said
	}
	return v.text("why.none")
}
