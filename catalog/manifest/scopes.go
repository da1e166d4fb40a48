package manifest

import (
	"slices"
)

// letters are the SMART v2 permissions of each direction: reading is by id and by search; writing makes, changes and deletes
// what the app itself wrote, which the policies hold it to.
var letters = map[string]string{Read: "rs", Write: "cud"}

// order is that of the letters in a SMART v2 scope.
const order = "cruds"

// permissions are the letters by FHIR type that the data needs come to.
func (m *Manifest) permissions() map[string]string {
	given := map[string]map[rune]bool{}
	for _, need := range m.Data {
		for _, kind := range known().types[need.Category] {
			for _, direction := range need.Directions {
				if direction == Write && !known().writable[kind] {
					continue // nobody writes there
				}
				for _, letter := range letters[direction] {
					if given[kind] == nil {
						given[kind] = map[rune]bool{}
					}
					given[kind][letter] = true
				}
			}
		}
	}
	out := make(map[string]string, len(given))
	for kind, has := range given {
		for _, letter := range order {
			if has[letter] {
				out[kind] += string(letter)
			}
		}
	}
	return out
}

// Scopes are the SMART v2 scopes that the manifest comes to, sorted: the widest that a client of this app is ever
// registered with. They follow from the data needs, the kinds and the audience alone.
func (m *Manifest) Scopes() []string {
	var out []string
	contexts := m.contexts()
	for kind, letters := range m.permissions() {
		for _, context := range contexts {
			out = append(out, context+"/"+kind+"."+letters)
		}
	}
	if m.SMART != nil && m.Is(KindSMART) {
		out = append(out, m.SMART.words()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// contexts are those of the scopes: of the patient in front, of whatever the user may see, or of the system's own.
func (m *Manifest) contexts() []string {
	var out []string
	if m.Is(KindSMART) || m.Is(KindPlugin) {
		out = append(out, "patient")
	}
	if m.Is(KindSMART) && m.For(AudienceProfessional) {
		out = append(out, "user")
	}
	if m.Is(KindBackend) && m.Backend != nil {
		if len(m.Backend.GrantTypes) == 0 || slices.Contains(m.Backend.GrantTypes, GrantClient) {
			out = append(out, "system")
		}
		if slices.Contains(m.Backend.GrantTypes, GrantExchange) {
			out = append(out, "patient", "user") // of those whose tokens it exchanges
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// words are the scopes that are about signing in and launching (SMART App Launch 2.2 §"Scopes").
func (s *SMART) words() []string {
	out := []string{"openid", "fhirUser", "profile"}
	if len(s.Launch) > 0 { // they say where the app was opened, and reach nothing
		out = append(out, "launch", "launch/patient", "launch/encounter")
	}
	if slices.Contains(s.GrantTypes, GrantDevice) {
		out = append(out, "launch/patient")
	}
	switch s.Lasting {
	case LastingOffline:
		out = append(out, "offline_access", "online_access")
	case LastingSession:
		out = append(out, "online_access")
	}
	return out
}

// Is tells whether the app is of a kind.
func (m *Manifest) Is(kind string) bool { return slices.Contains(m.Kinds, kind) }

// For tells whether the app is for an audience.
func (m *Manifest) For(audience string) bool { return slices.Contains(m.Audience, audience) }

// Asks tells whether the app asks for a category in a direction.
func (m *Manifest) Asks(category, direction string) bool {
	return slices.ContainsFunc(m.Data, func(n Need) bool { return n.Category == category && slices.Contains(n.Directions, direction) })
}

// HookView is the kind of hook that needs nothing but a record (CDS Hooks 2.0, "patient-view").
const HookView = "patient-view"

// Answers is the hook by which the app answers people who ask it about a record: the first that needs nothing else, of a plugin
// that is for them.
func (m *Manifest) Answers() (Hook, bool) {
	if m.Plugin == nil || !m.For(AudiencePatient) {
		return Hook{}, false
	}
	k := slices.IndexFunc(m.Plugin.Hooks, func(h Hook) bool { return h.Hook == HookView })
	if k < 0 {
		return Hook{}, false
	}
	return m.Plugin.Hooks[k], true
}

// Categories are the categories of the data needs, sorted, each once.
func (m *Manifest) Categories() []string {
	var out []string
	for _, need := range m.Data {
		out = append(out, need.Category)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Directions are the directions of the data needs, sorted, each once.
func (m *Manifest) Directions() []string {
	var out []string
	for _, need := range m.Data {
		out = append(out, need.Directions...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Only gives the one direction of each category that the data needs ask in one alone, where they ask others in the other; nil
// when there is none.
func (m *Manifest) Only() map[string]string {
	var out map[string]string
	for _, category := range m.Categories() {
		read, write := m.Asks(category, Read), m.Asks(category, Write)
		if read == write || len(m.Directions()) < 2 {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[category] = Read
		if write {
			out[category] = Write
		}
	}
	return out
}

// Types are the FHIR types that the data needs reach in a direction, sorted, each once.
func (m *Manifest) Types(direction string) []string {
	var out []string
	for kind, given := range m.permissions() {
		for _, letter := range letters[direction] {
			if slices.Contains([]rune(given), letter) {
				out = append(out, kind)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
