package demo

// organization is one place of work of the cast.
type organization struct{ id, name, finess string }

var organizations = []organization{
	{"cabinet-roux", "Cabinet médical du Pont", "990000101"},
	{"cabinet-benali", "Cabinet de psychiatrie des Carmes", "990000102"},
	{"cabinet-lam", "Cabinet dentaire Lam", "990000103"},
	{"cabinet-martin", "Cabinet infirmier des Minimes", "990000104"},
	{"pharmacie-diallo", "Pharmacie de la Halle", "990000105"},
	{"hopital-rive", "Hôpital de la Rive", "990000106"},
	{"samu-99", "SAMU du département", "990000107"},
	{"cabinet-bloque", "Cabinet du docteur Morin", "990000108"},
	{"service-social", "Service social du département", "990000109"},
	{"sante-travail", "Service de santé au travail", "990000110"},
	{"ehpad-tilleuls", "EHPAD Les Tilleuls", "990000111"},
	{"labo-garonne", "Laboratoire de la Garonne", "990000112"},
	{"clinique-est", "Clinique de l'Est", "990000113"},
	{"cpam-99", "Assurance maladie du département", "990000114"},
	{"autorite-99", "Autorité de contrôle des accès", "990000115"},
}

// professional is one professional of the cast.
type professional struct {
	key, family, given, prefix string
	rpps                       string
	profession                 string // system|code
	speciality                 string // code of the savoir-faire, "" when none
	label, organization        string
	regulation                 bool
	second                     string // another place of work, "" when none
}

var professionals = []professional{
	{"dr-roux", "Roux", "Anne", "Dr", "19900000101", g15 + "|10", "SM54", "Médecin généraliste", "cabinet-roux", false, ""},
	{"dr-benali", "Benali", "Samir", "Dr", "19900000102", g15 + "|10", "SM42", "Psychiatre", "cabinet-benali", false, ""},
	{"dr-lam", "Lam", "Minh", "Dr", "19900000103", g15 + "|40", "", "Chirurgien-dentiste", "cabinet-lam", false, ""},
	{"inf-martin", "Martin", "Chloé", "Mme", "19900000104", g15 + "|60", "", "Infirmière", "cabinet-martin", false, ""},
	{"ph-diallo", "Diallo", "Awa", "Dr", "19900000105", g15 + "|21", "", "Pharmacienne", "pharmacie-diallo", false, ""},
	{"dr-urgence", "Leroy", "Paul", "Dr", "19900000106", g15 + "|10", "SM58", "Médecin urgentiste", "hopital-rive", false, ""},
	{"dr-regul", "Garcia", "Inès", "Dr", "19900000107", g15 + "|10", "SM58", "Médecin régulateur", "samu-99", true, ""},
	{"dr-bloque", "Morin", "Yves", "Dr", "19900000108", g15 + "|10", "SM54", "Médecin généraliste", "cabinet-bloque", false, ""},
	{"as-morel", "Morel", "Lucie", "Mme", "", social + "|41", "", "Assistante de service social", "service-social", false, ""},
	{"dr-travail", "Petit", "Hugo", "Dr", "19900000110", g15 + "|10", "SM25", "Médecin du travail", "sante-travail", false, ""},
	{"dr-noel", "Noël", "Claire", "Dr", "19900000111", g15 + "|10", "SM54", "Médecin généraliste", "clinique-est", false, ""},
	{"inf-duval", "Duval", "Rose", "Mme", "19900000112", g15 + "|60", "", "Infirmière", "cabinet-martin", false, "ehpad-tilleuls"},
	{"reviewer", "Faure", "Alice", "Mme", "", "", "", "Qualité et gestion des risques", "hopital-rive", false, ""},
	{"authority", "Blanc", "Marc", "M.", "", "", "", "Contrôle des accès d'urgence", "autorite-99", false, ""},
}

// roles are the parts that somebody of the cast has in the review of emergency accesses.
var roles = map[string][]string{"reviewer": {"reviewer"}, "authority": {"authority"}}

func (p professional) name() string { return p.prefix + " " + p.given + " " + p.family }

func (p professional) identifiers() list {
	if p.rpps == "" {
		return list{object{"system": "urn:pontlevis:agent", "value": p.key}}
	}
	return list{
		object{"system": rppsSystem, "value": p.rpps},
		object{"system": idnpsSystem, "value": "8" + p.rpps},
	}
}

// directory is what belongs to nobody's record: places of work, professionals and their roles.
func (c Cast) directory() []object {
	var out []object
	for _, o := range organizations {
		out = append(out, object{
			"resourceType": "Organization", "id": o.id, "active": true, "name": o.name,
			"identifier": list{object{"system": finess, "value": o.finess}},
		})
	}
	for _, p := range professionals {
		out = append(out, object{
			"resourceType": "Practitioner", "id": p.key, "active": true, "identifier": p.identifiers(),
			"name":    list{object{"family": p.family, "given": list{p.given}, "prefix": list{p.prefix}}},
			"telecom": list{object{"system": "email", "value": p.key + "@exemple.invalid"}},
		}, p.role(p.key, p.organization))
		if p.second != "" {
			out = append(out, p.role(p.key+"-2", p.second))
		}
	}
	return out
}

func (p professional) role(id, place string) object {
	role := object{
		"resourceType": "PractitionerRole", "id": id, "active": true,
		"practitioner": reference("Practitioner/" + p.key), "organization": reference("Organization/" + place),
		"code": list{object{"text": p.label}},
	}
	if system, code := cutCode(p.profession); code != "" {
		role["code"] = list{concept(system, code, p.label)}
	}
	if p.speciality != "" {
		role["specialty"] = list{concept(speciality, p.speciality, p.label)}
	}
	return role
}
