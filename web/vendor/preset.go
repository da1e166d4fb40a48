package vendor

import (
	"errors"
	"regexp"
	"strings"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/oauth"
)

// Presets by kind of app.
const (
	presetPatient      = "patient"
	presetProfessional = "professional"
	presetBackend      = "backend"
	presetPlugin       = "plugin"
)

var presets = []string{presetPatient, presetProfessional, presetBackend, presetPlugin}

// domain is a host name whose pages may stand in a manifest.
var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// mailOf is the address of whoever made their account here, "" when it is not known.
func mailOf(p *oauth.Person) string {
	login := strings.TrimPrefix(p.Login, "agent ")
	if _, after, ok := strings.Cut(login, "@"); ok && domain.MatchString(after) {
		return login
	}
	return ""
}

// write gives the whole manifest of a preset, to be made one's own. It is valid as far as what was typed is.
func write(preset, id string, name manifest.Text, company, mail string) ([]byte, error) {
	if mail == "" {
		mail = "contact@" + id + ".example"
	}
	site := "https://" + host(mail)
	m := &manifest.Manifest{
		ID: id, Version: "0.1.0", Name: name,
		Publisher: manifest.Publisher{LegalName: company, Country: "FR", Category: "health", Contact: mail, DPO: mail},
		Purposes:  []string{"PATRQT"},
		Links:     manifest.Links{Site: site + "/", Support: site + "/support", Policy: site + "/privacy", DPIA: site + "/dpia"},
		Retention: manifest.Retention{Text: manifest.Text{FR: "Rien n’est gardé après la fermeture.", EN: "Nothing is kept once it is closed."}},
	}
	shape, ok := shapes[preset]
	if !ok {
		return nil, errors.New("there is no such preset")
	}
	shape(m, site)
	return manifest.Marshal(m)
}

// shapes are what the presets differ in.
var shapes = map[string]func(m *manifest.Manifest, site string){
	presetPatient: func(m *manifest.Manifest, site string) {
		m.Kinds, m.Category, m.Audience = []string{manifest.KindSMART}, "follow-up", []string{manifest.AudiencePatient}
		m.Summary = manifest.Text{FR: "Montre vos mesures en courbes.", EN: "Shows your measurements as curves."}
		m.Description = manifest.Text{FR: "L’application lit vos mesures et les dessine. Elle n’écrit rien.", EN: "The app reads your measurements and draws them. It writes nothing."}
		m.Data = []manifest.Need{
			need("measures", "Vos mesures font les courbes.", "Your measurements make the curves."),
			need("Patient", "Votre nom en tête des courbes.", "Your name above the curves."),
		}
		m.SMART = people(site, manifest.LaunchStandalone)
	},
	presetProfessional: func(m *manifest.Manifest, site string) {
		m.Kinds, m.Category, m.Audience = []string{manifest.KindSMART}, "professional-software", []string{manifest.AudienceProfessional}
		m.Purposes = []string{"TREAT"}
		m.Summary = manifest.Text{FR: "Montre au soignant les allergies et traitements de son patient.", EN: "Shows professionals the allergies and treatments of their patient."}
		m.Description = manifest.Text{FR: "L’application lit allergies et prescriptions du patient présent. Elle n’écrit rien.", EN: "The app reads the allergies and prescriptions of the patient in front. It writes nothing."}
		m.Data = []manifest.Need{
			need("AllergyIntolerance", "Les allergies décident de ce qui peut être prescrit.", "Allergies decide what can be prescribed."),
			need("MedicationRequest", "Les traitements en cours, pour ne pas prescrire deux fois.", "Current treatments, so as not to prescribe twice."),
			need("Patient", "Le nom du patient, pour ne pas se tromper de personne.", "The patient’s name, so as not to mistake the person."),
		}
		m.SMART = people(site, manifest.LaunchStandalone)
	},
	presetBackend: func(m *manifest.Manifest, site string) {
		m.Kinds, m.Category, m.Audience = []string{manifest.KindBackend}, "laboratory", []string{manifest.AudienceProfessional}
		m.Purposes = []string{"TREAT"}
		m.Summary = manifest.Text{FR: "Dépose les résultats du laboratoire dans l’espace de santé.", EN: "Puts the laboratory’s results into the health space."}
		m.Description = manifest.Text{FR: "Le système du laboratoire dépose chaque résultat quand il est validé.", EN: "The laboratory’s system deposits each result once it is validated."}
		m.Data = []manifest.Need{{Category: "documents", Directions: []string{manifest.Write}, Why: manifest.Text{FR: "Chaque résultat devient un document de l’espace.", EN: "Each result becomes a document of the space."}}}
		m.Backend = &manifest.Backend{AuthMethod: oauth.AuthKeyJWT, JWKSURI: site + "/jwks.json"}
	},
	presetPlugin: func(m *manifest.Manifest, site string) {
		m.Kinds, m.Category = []string{manifest.KindPlugin}, "vaccination"
		m.Audience, m.Purposes = []string{manifest.AudiencePatient, manifest.AudienceProfessional}, []string{"PATRQT", "TREAT"}
		m.Summary = manifest.Text{FR: "Dit ce qui est à faire d’après le carnet de vaccination.", EN: "Says what is due, from the vaccination record."}
		m.Description = manifest.Text{FR: "Le module compare les vaccins reçus au calendrier. Rien ne sort du dossier.", EN: "The plugin compares the vaccinations given with the calendar. Nothing leaves the record."}
		m.Data = []manifest.Need{
			need("Immunization", "Ce qui a été fait, et quand.", "What was given, and when."),
			need("Patient", "L’âge décide de ce qui est dû.", "Age decides what is due."),
		}
		m.Plugin = &manifest.Plugin{
			Hooks: []manifest.Hook{{
				ID: "due", Hook: "patient-view", Title: manifest.Text{FR: "À faire", EN: "Due"},
				Description: manifest.Text{FR: "Ce qui est dû aujourd’hui.", EN: "What is due today."},
				Prefetch:    map[string]string{"patient": "Patient/{{context.patientId}}", "given": "Immunization?patient={{context.patientId}}"},
			}},
			Artifacts: []manifest.Artifact{{OS: "linux", Arch: "amd64", SHA256: strings.Repeat("0", 64), Size: 1}},
			Limits:    manifest.Limits{CPU: 500, Memory: 96, Reads: 10, Bytes: 1 << 20, Deadline: 2000}, Isolation: "S3",
		}
	},
}

func need(category, fr, en string) manifest.Need {
	return manifest.Need{Category: category, Directions: []string{manifest.Read}, Why: manifest.Text{FR: fr, EN: en}}
}

// people is how people sign in to an app of a preset: by PKCE, without a secret, which an app cannot keep.
func people(site string, launch ...string) *manifest.SMART {
	return &manifest.SMART{RedirectURIs: []string{site + "/callback", "http://127.0.0.1:3000/callback"}, Launch: launch, AuthMethod: oauth.AuthNone}
}
