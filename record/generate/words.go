package generate

// None of these family names and towns is meant to be anyone's: they are put together from syllables.
var (
	heads  = []string{"Vor", "Tar", "Quel", "Bran", "Mir", "Fol", "Gau", "Ner", "Sal", "Dru", "Per", "Lom", "Cha", "Ver", "Bel", "Rou", "Hau", "Mon", "Tré", "Cor"}
	middle = []string{"ma", "di", "lo", "que", "ni", "sa", "ve", "ra", "mé", "to", "li", "gue", "pa", "bi", "ru", "fe"}
	tails  = []string{"lin", "quay", "rent", "dou", "vel", "mond", "sart", "nier", "teau", "bourg", "lac", "gnan", "zet", "ville", "rin", "champ"}

	women = []string{"Aline", "Solveig", "Maëlle", "Rokia", "Irène", "Noémie", "Yasmine", "Clélia", "Thaïs", "Odile", "Linh", "Perrine", "Salomé", "Fatou", "Violaine", "Zélie", "Hanna", "Josiane", "Margaux", "Ondine"}
	men   = []string{"Aurèle", "Basile", "Cyprien", "Idriss", "Gaspard", "Tanguy", "Malik", "Octave", "Roland", "Siméon", "Théodore", "Ulysse", "Wassim", "Yvon", "Zacharie", "Bao", "Lazare", "Modibo", "Gérald", "Elouan"}
)

func family(d *draw) string {
	return of(d, heads) + of(d, middle) + of(d, tails)
}

func given(d *draw, woman bool) string {
	if woman {
		return of(d, women)
	}
	return of(d, men)
}

// town is the name of the n-th town; its postal code begins with 99, which no town in France has.
func town(seed uint64, n int) string {
	d := about(seed, kindTown, uint64(n))
	return of(d, heads) + of(d, tails) + "-sur-" + of(d, heads) + of(d, middle)
}

// Kinds of things that are drawn.
const (
	kindTown = iota
	kindOrganization
	kindProfessional
	kindPerson
	kindSpace
)
