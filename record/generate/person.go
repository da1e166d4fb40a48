package generate

import "fmt"

// pyramid is how many of ten thousand people are in each five years of age, about as in France.
var pyramid = []int{490, 550, 610, 620, 600, 560, 580, 610, 620, 620, 660, 640, 620, 570, 540, 420, 280, 210, 120, 80}

// person is what others may know of somebody without their record being made.
type person struct {
	number     int
	id         string
	woman      bool
	age        int // years
	born       int // days before the nation's
	family     string
	given      string
	town       int
	doctor     string // who treats them
	parents    []int  // of a minor, by number; none when nobody near is of an age to be
	activity   int    // thousandths of the mean of what people have of their age
	childhood  bool
	masks      bool // masks some of what they have
	recordDraw draw
}

// activities say how much of care people have: most little, few a great deal. The mean is about one.
var activities = []struct{ weight, milli int }{
	{300, 200}, {300, 550}, {200, 1000}, {120, 1700}, {60, 3200}, {17, 7000}, {3, 18_000},
}

func (n *Nation) patientID(i int) string { return n.Prefix + padded(i, 9) }

// Person gives the id of the i-th person, from 0.
func (n *Nation) Person(i int) string { return n.patientID(i) }

func (n *Nation) person(i int) person {
	d := about(n.Seed, kindPerson, uint64(i))
	p := person{number: i, id: n.patientID(i), town: n.townOf(i), woman: d.chance(5150)}
	band := d.pick(pyramid)
	p.age = band*5 + d.below(5)
	p.born = p.age*365 + p.age/4 + 1 + d.below(364)
	p.childhood = p.age < 18
	p.family, p.given = family(d), given(d, p.woman)
	p.doctor = n.near(d, gp, p.town)
	w := make([]int, len(activities))
	for k, a := range activities {
		w[k] = a.weight
	}
	p.activity = activities[d.pick(w)].milli * ofAge(p.age) / 1000
	p.masks = d.chance(800)
	p.recordDraw = *d
	return p
}

// ofAge is how much of care an age has, in thousandths of the mean.
func ofAge(age int) int {
	switch {
	case age < 3:
		return 1100
	case age < 18:
		return 600
	case age < 45:
		return 750
	case age < 65:
		return 1000
	case age < 80:
		return 1500
	}
	return 1900
}

// family gives a minor their parents: those near in number who are of an age to be.
func (n *Nation) withParents(p person) person {
	if !p.childhood {
		return p
	}
	for k := p.number - 1; k >= 0 && k > p.number-40 && len(p.parents) < 2; k-- {
		if other := n.person(k); other.town == p.town && other.age >= p.age+19 && other.age <= p.age+46 {
			if len(p.parents) == 0 {
				p.family = other.family
			}
			p.parents = append(p.parents, k)
		}
	}
	return p
}

// ins is an identity that nobody has: of the test system, without a month of birth; the key at its end is right.
func (p *person) ins() string {
	sex := int64(7) // numbers that are given for a time
	if p.woman {
		sex = 8
	}
	body := sex*1e12 + int64(p.number)
	return fmt.Sprintf("%013d%02d", body, 97-body%97)
}

func (n *Nation) patient(t *text, p *person) {
	gender := "male"
	if p.woman {
		gender = "female"
	}
	t.put(`{"resourceType":"Patient","id":"`, p.id, `","identifier":[{"use":"official","system":"`, insTest, `","value":"`, p.ins())
	t.put(`"}],"active":true,"name":[{"use":"official","family":"`, p.family, `","given":["`, p.given, `"]}],"telecom":[{"system":"email","value":"`, p.id)
	t.put(`@exemple.invalid"}],"gender":"`, gender, `","birthDate":"`, n.day(p.born), `","address":[{"line":["`)
	t.number(1 + p.number%97)
	t.put(` rue du Pont"],"city":"`, town(n.Seed, p.town), `","postalCode":"99`, padded(p.town%1000, 3), `","country":"FR"}]}`, "\n")
}
