package history

// Taking begins a copy for a person, by the key of their account, as one that is being made; ok is false while another is.
func (p *Pages) Taking(key string) (end func(), ok bool) { return p.busy.begin(key) }
