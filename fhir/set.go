package fhir

// set gathers texts once each, in the order in which they came. From manySeen on
// it remembers them in a map: a resource of 16 MiB can hold a million
// references, and comparing each with each would take minutes.
type set struct {
	list []string
	seen map[string]struct{}
}

const manySeen = 32

// add takes a text that is not empty and not there yet.
func (s *set) add(text string) {
	if text == "" {
		return
	}
	if s.seen == nil && len(s.list) >= manySeen {
		s.seen = make(map[string]struct{}, 4*manySeen)
		for _, old := range s.list {
			s.seen[old] = struct{}{}
		}
	}
	if s.seen != nil {
		if _, found := s.seen[text]; found {
			return
		}
		s.seen[text] = struct{}{}
	} else {
		for _, old := range s.list {
			if old == text {
				return
			}
		}
	}
	s.list = append(s.list, text)
}

// adds is add, and tells whether the text was new.
func (s *set) adds(text string) bool {
	before := len(s.list)
	s.add(text)
	return len(s.list) > before
}

// all returns the texts, an empty list rather than nil.
func (s *set) all() []string {
	if s.list == nil {
		return []string{}
	}
	return s.list
}
