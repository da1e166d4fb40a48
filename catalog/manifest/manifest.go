package manifest

import "encoding/json"

// Kinds of an app. One app may be several, except that it acts for people or in its own name, not both.
const (
	KindSMART   = "smart"   // a SMART on FHIR client outside, in which people sign in
	KindBackend = "backend" // a system that acts in its own name, or for those whose tokens it exchanges
	KindPlugin  = "plugin"  // code that runs inside, in the cage
)

// Directions of an exchange.
const (
	Read  = "read"
	Write = "write"
)

// Whom an app is for.
const (
	AudiencePatient      = "patient"
	AudienceProfessional = "professional"
)

// Ways in which a SMART app is launched (SMART App Launch 2.2 §3).
const (
	LaunchStandalone = "standalone"
	LaunchEHR        = "ehr"
)

// Text is one text in both languages of the service.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// In gives the text in a language: French, unless it is "en".
func (t Text) In(language string) string {
	if language == "en" {
		return t.EN
	}
	return t.FR
}

// Manifest is what an app says of itself. Parse makes one; each member is described in the JSON Schema.
type Manifest struct {
	Schema      string    `json:"$schema,omitempty"` // where the JSON Schema is, for editors
	ID          string    `json:"id"`                // the OAuth client id and software_id: [a-z][a-z0-9-]{2,39}
	Version     string    `json:"version"`           // semantic version, without "v"
	Kinds       []string  `json:"kinds"`             // smart, backend, plugin
	Publisher   Publisher `json:"publisher"`
	Name        Text      `json:"name"`
	Summary     Text      `json:"summary"`     // one sentence: what it does with the data
	Description Text      `json:"description"` // paragraphs, plain text
	Category    string    `json:"category"`    // shelf of the storefront
	Audience    []string  `json:"audience"`    // patient, professional
	Purposes    []string  `json:"purposes"`    // HL7 v3-PurposeOfUse and the policies' own codes
	Data        []Need    `json:"data,omitempty"`
	SMART       *SMART    `json:"smart,omitempty"`   // of kind smart
	Backend     *Backend  `json:"backend,omitempty"` // of kind backend
	Plugin      *Plugin   `json:"plugin,omitempty"`  // of kind plugin
	Links       Links     `json:"links"`
	Retention   Retention `json:"retention,omitzero"`
	Hosting     Hosting   `json:"hosting,omitzero"`
	Device      *Device   `json:"medical_device,omitempty"`
}

// Publisher is who answers for an app.
type Publisher struct {
	LegalName string `json:"legal_name"`
	SIREN     string `json:"siren,omitempty"` // nine digits, of a French legal person
	Country   string `json:"country,omitempty"`
	Category  string `json:"category"` // what the publisher is: health, care-provider, insurer …; see PublisherCategories
	Contact   string `json:"contact"`  // mail address for the authority and for people
	DPO       string `json:"dpo,omitempty"`
}

// Need is one category of data that an app needs.
type Need struct {
	Category   string   `json:"category"`   // a category of the policies, or one FHIR type
	Directions []string `json:"directions"` // read, write
	Why        Text     `json:"why"`
}

// SMART is how people sign in to an app and open it.
type SMART struct {
	RedirectURIs           []string        `json:"redirect_uris,omitempty"` // exact
	PostLogoutRedirectURIs []string        `json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI   string          `json:"backchannel_logout_uri,omitempty"`
	Launch                 []string        `json:"launch,omitempty"` // standalone, ehr
	LaunchURI              string          `json:"launch_uri,omitempty"`
	Lasting                string          `json:"lasting,omitempty"` // "", session (online_access) or offline (offline_access)
	GrantTypes             []string        `json:"grant_types,omitempty"`
	AuthMethod             string          `json:"auth_method"` // as token_endpoint_auth_method (RFC 7591)
	Profile                string          `json:"profile,omitempty"`
	JWKSURI                string          `json:"jwks_uri,omitempty"`
	JWKS                   json.RawMessage `json:"jwks,omitempty"`
}

// Backend is how a system that acts in its own name proves who it is.
type Backend struct {
	GrantTypes []string        `json:"grant_types,omitempty"`
	AuthMethod string          `json:"auth_method"`
	JWKSURI    string          `json:"jwks_uri,omitempty"`
	JWKS       json.RawMessage `json:"jwks,omitempty"`
}

// Plugin is code that runs inside, and within which bounds.
type Plugin struct {
	Hooks     []Hook     `json:"hooks,omitempty"`
	Schedule  *Schedule  `json:"schedule,omitempty"`
	Artifacts []Artifact `json:"artifacts"`
	Links     []string   `json:"links,omitempty"` // the exact targets that its cards may link to
	Limits    Limits     `json:"limits"`
	Isolation string     `json:"isolation"` // the least level of the cage: S1, S2, S3, S4
	Protocol  int        `json:"protocol,omitempty"`
}

// Hook is one CDS Hooks service of a plugin.
type Hook struct {
	ID          string            `json:"id"`
	Hook        string            `json:"hook"` // patient-view, order-sign …
	Title       Text              `json:"title"`
	Description Text              `json:"description"`
	Prefetch    map[string]string `json:"prefetch,omitempty"` // FHIR reads with {{context.patientId}}
}

// Schedule lets a plugin run for people who consented, without anybody asking.
type Schedule struct {
	Every string `json:"every"` // day, week, month
	Hook  string `json:"hook"`  // id of the hook that is invoked
	Why   Text   `json:"why"`
}

// Artifact is one binary of a plugin.
type Artifact struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
	Size   int64  `json:"size"`   // bytes
}

// Limits bound one invocation of a plugin.
type Limits struct {
	CPU      int   `json:"cpu_ms"`
	Memory   int   `json:"memory_mib"`
	Reads    int   `json:"reads"`
	Bytes    int64 `json:"bytes"`
	Deadline int   `json:"deadline_ms"`
}

// Links are the addresses that people and the authority need.
type Links struct {
	Site    string `json:"site,omitempty"`
	Support string `json:"support"`
	Policy  string `json:"policy"` // how it treats personal data
	Terms   string `json:"terms,omitempty"`
	DPIA    string `json:"dpia,omitempty"` // impact assessment (GDPR art. 35)
	Source  string `json:"source,omitempty"`
}

// Retention is how long what was read is kept outside.
type Retention struct {
	Days int  `json:"days"` // 0: nothing is kept
	Text Text `json:"text"`
}

// Hosting is where what was read is kept.
type Hosting struct {
	Provider  string `json:"provider"`
	Country   string `json:"country"`
	Certified bool   `json:"certified"` // hébergeur de données de santé (CSP L1111-8)
}

// Device is the marking of an app that is a medical device.
type Device struct {
	Class       string `json:"class"`       // I, IIa, IIb, III
	Certificate string `json:"certificate"` // number, or address of the declaration
}
