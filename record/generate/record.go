package generate

// counts are the means of what is in a record beside what governs it, in thousandths.
type counts struct{ documents, measures, medications, vaccines, conditions, allergies int }

// governed is the mean of resources that every space has about: the person, consents, circle, representatives.
const governed = 3_700

// countsOf shares out a mean of resources. A document is two: its reference and its bytes.
func countsOf(resources int) counts {
	rest := max(resources*1000-governed, 0) * 1000 / meanActivity
	return counts{
		documents: rest * 24 / 100, measures: rest * 31 / 100, medications: rest * 11 / 100,
		vaccines: rest * 5 / 100, conditions: rest * 3 / 100, allergies: rest * 2 / 100,
	}
}

// meanActivity is the mean of person.activity over all ages; the test of the mean of resources holds it.
const meanActivity = 951

// most bounds what one person has of one kind; numbers in ids have their width.
const most = 900

// AppendRecord appends all resources of the i-th person's space to dst, one a line, the Patient first.
func (n *Nation) AppendRecord(dst []byte, i int) []byte {
	b, _ := n.record(dst, i)
	return b
}

// record is AppendRecord; it also says how many resources there are.
func (n *Nation) record(dst []byte, i int) ([]byte, int) {
	p := n.withParents(n.person(i))
	d := p.recordDraw
	t := text(dst)
	n.patient(&t, &p)
	total := 1 + n.governance(&t, &p, &d)
	for _, part := range []struct {
		mean, each int
		add        func(*text, *person, *draw, int)
	}{
		{n.counts.documents, 2, n.document},
		{n.counts.measures, 1, n.measure},
		{n.counts.medications, 1, n.medication},
		{n.counts.vaccines, 1, n.immunization},
		{n.counts.conditions, 1, n.condition},
		{n.counts.allergies, 1, n.allergy},
	} {
		count := min(d.around(part.mean*p.activity/1000), most)
		for k := range count {
			part.add(&t, &p, &d, k+1)
		}
		total += count * part.each
	}
	return t, total
}

// States of a space other than open, as the space package names them.
const (
	announced = "announced"
	closed    = "closed"
	opposed   = "opposed"
	suspended = "suspended"
)

// Space gives the state of the i-th person's space and since when, as days before At; "" for a space that is open.
// Closed are 12 in a thousand, announced 6, opposed 3, suspended one in two thousand.
func (n *Nation) Space(i int) (state string, ago int) {
	d := about(n.Seed, kindSpace, uint64(i))
	switch k := d.below(10_000); {
	case k < 120:
		return closed, d.between(1, 1500)
	case k < 180:
		return announced, d.between(0, 30)
	case k < 210:
		return opposed, d.between(1, 900)
	case k < 215:
		return suspended, d.between(0, 30)
	}
	return "", 0
}
