package demo

import "github.com/pontlevis/pontlevis/catalog"

// notes say in a sentence what each of the cast shows.
var notes = map[string]catalog.Text{
	"camille":           {FR: "A masqué une lettre de psychiatre et bloqué un médecin ; une annonce est en attente.", EN: "Has masked a psychiatrist's letter and blocked a doctor; an announcement is pending."},
	"lucas":             {FR: "15 ans : un acte confidentiel que ses parents ne voient pas.", EN: "15: a confidential act that his parents do not see."},
	"karim":             {FR: "Second représentant légal de Lucas.", EN: "Lucas's second legal representative."},
	"jeanne":            {FR: "84 ans, en EHPAD.", EN: "84, in a nursing home."},
	"sofia":             {FR: "Aidante de Jeanne : lit et ajoute, ne partage pas.", EN: "Jeanne's carer: reads and adds, does not share."},
	"yanis":             {FR: "Refuse le bris de glace.", EN: "Refuses break-glass."},
	"nour":              {FR: "A clos son espace : il est archivé.", EN: "Has closed her space: it is archived."},
	"elise":             {FR: "Dans ses six semaines : son espace n'est pas encore ouvert.", EN: "Within her six weeks: her space is not open yet."},
	"dr-roux":           {FR: "Médecin traitant : voit tout, même ce qui est masqué.", EN: "Treating doctor: sees everything, masked documents included."},
	"dr-benali":         {FR: "Psychiatre, auteur de la lettre masquée.", EN: "Psychiatrist, author of the masked letter."},
	"dr-lam":            {FR: "Dentiste : lié par un rendez-vous, et par lui seul.", EN: "Dentist: linked by an appointment, and by nothing else."},
	"inf-martin":        {FR: "Infirmière du cercle de soins : ne voit pas ce qui est masqué.", EN: "Nurse of the circle of care: does not see what is masked."},
	"ph-diallo":         {FR: "Pharmacienne correspondante.", EN: "Corresponding pharmacist."},
	"dr-urgence":        {FR: "Urgentiste, sans lien : doit briser la glace.", EN: "Emergency physician without a link: has to break the glass."},
	"dr-regul":          {FR: "Médecin régulateur du SAMU.", EN: "Regulating doctor of the emergency call centre."},
	"dr-bloque":         {FR: "Bloqué par Camille : ne lit rien d'elle.", EN: "Blocked by Camille: reads nothing of hers."},
	"as-morel":          {FR: "Assistante sociale : sa colonne de la matrice est désactivée.", EN: "Social worker: her column of the matrix is switched off."},
	"dr-travail":        {FR: "Médecin du travail : il lui faut un accord exprès.", EN: "Occupational doctor: needs an express consent."},
	"dr-noel":           {FR: "Se connecte avec un code à usage unique après le mot de passe.", EN: "Signs in with a one-time code after the password."},
	"inf-duval":         {FR: "Infirmière en ville et en EHPAD : choisit sa situation d'exercice.", EN: "Nurse in town and in a nursing home: chooses the work situation."},
	"reviewer":          {FR: "Examine les accès d'urgence de l'hôpital, sauf les siens.", EN: "Reviews the hospital's emergency accesses, except her own."},
	"authority":         {FR: "Suit les accès d'urgence que personne n'a examinés à temps.", EN: "Follows the emergency accesses that nobody reviewed in time."},
	"vendor-glyc":       {FR: "Éditrice de Glycare : ses applications, leurs versions, leur place dans la file.", EN: "Publishes Glycare: its apps, their versions, their place in the queue."},
	"label-authority":   {FR: "De l'autorité des labels : évalue, signe, suspend, retire.", EN: "Of the label authority: evaluates, signs, suspends, recalls."},
	"label-authority-2": {FR: "De l'autorité des labels : la seconde signature.", EN: "Of the label authority: the second signature."},
	"portal":            {FR: "La porte de l'espace.", EN: "The door of the space."},
	"glycare":           {FR: "Application labellisée avec échange : mesures seulement.", EN: "App labelled for exchange: measurements only."},
	"oldapp":            {FR: "Son label a été retiré.", EN: "Its label was recalled."},
	"smart-conf":        {FR: "Application confidentielle : prouve par sa clé qui elle est.", EN: "Confidential app: proves by its key who it is."},
	"fapi-app":          {FR: "Application au profil FAPI 2.0 : demandes poussées, jetons liés à sa clé.", EN: "App of the FAPI 2.0 profile: pushed requests, tokens bound to its key."},
	"backend-dpi":       {FR: "Système d'une clinique : lit en son nom, avec sa clé.", EN: "A clinic's system: reads in its own name, with its key."},
	"plugin-lps":        {FR: "Module d'un logiciel de soins : agit avec le jeton du professionnel.", EN: "Module of a care software: acts on the professional's token."},
	"workstation":       {FR: "Poste de soins partagé : on s'y connecte par son téléphone.", EN: "Shared workstation: people sign in to it by their own phone."},
	"summary-service":   {FR: "Service de synthèse : agit avec le jeton d'une application, mesures seulement.", EN: "Summary service: acts on the token of an app, measurements only."},
	"backend-lab":       {FR: "Dépose sans pouvoir lire.", EN: "Deposits without being able to read."},
}

// Note says in a sentence what somebody or some app of the cast shows.
func Note(key string) catalog.Text { return notes[key] }
