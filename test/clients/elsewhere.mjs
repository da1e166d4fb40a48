// People sign in to pontlevis at providers that nobody here wrote: npm's oidc-provider, shaped like FranceConnect v2 and like
// Pro Santé Connect. PONTLEVIS_ELSEWHERE holds the two ports under which the running demo knows them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as openid from 'openid-client'
import { Browser, shown } from './browser.mjs'
import { demo, person } from './demo.mjs'
import { configuration, tokens } from './openid.mjs'
import { franceConnect, proSanteConnect } from './providers.mjs'
import { home } from './signin.mjs'

const [personsPort, professionalsPort] = process.env.PONTLEVIS_ELSEWHERE.split(',').map(Number)
let persons, professionals

const practice = (...activities) => ({
  exercices: [{ codeProfession: '10', codeCategorieProfessionnelle: 'C', codeSavoirFaire: 'SM26', codeTypeSavoirFaire: 'S', activities }],
})
const doctor = {
  preferred_username: '899700218896', SubjectNameID: '899700218896', given_name: 'KIT', family_name: 'DOC0021889', codeCivilite: 'M',
  SubjectRole: ['10^1.2.250.1.213.1.1.5.5'], Secteur_Activite: 'SA07^1.2.250.1.71.4.2.4', Acces_Regulation_Medicale: 'FAUX',
  acr: 'eidas1', UITVersion: '1.0', Mode_Acces_Raison: '', PSI_Locale: '1.2.250.1.213.1.3.1.1', otherIds: [{ identifiant: '899700218896', origine: 'RPPS', qualite: 1 }],
}
const cabinet = { codeModeExercice: 'L', codeSecteurDactivite: 'SA07', raisonSocialeSite: 'CABINET M DOC0021889', numeroFinessSite: '' }
const hospital = { codeModeExercice: 'S', codeSecteurDactivite: 'SA01', raisonSocialeSite: 'HOPITAL GENERIQUE', numeroFinessSite: '0B0167608' }

before(async () => {
  const camille = await holder()
  persons = await franceConnect(personsPort, {
    camille,
    angela: { given_name: 'Angela Claire Louise', family_name: 'DUBOIS', birthdate: '1962-08-24', gender: 'female', birthplace: '75107', birthcountry: '99100' },
    thief: { ...camille, family_name: 'DUBOIS' }, // her number, another name
  }, demo.issuer)
  professionals = await proSanteConnect(professionalsPort, {
    'f:1:several': { ...doctor, SubjectRefPro: practice(cabinet, hospital) },
    'f:1:one': { ...doctor, SubjectNameID: '899700000007', SubjectRefPro: practice(hospital), Acces_Regulation_Medicale: 'VRAI' },
    'f:1:none': { ...doctor, SubjectNameID: '899700000008' },
  }, demo.issuer)
})
after(() => Promise.all([persons?.close(), professionals?.close()]))

/** What FranceConnect would say of camille, whom her record knows by number and traits. */
async function holder() {
  const { access_token: token } = await tokens('camille', { scope: 'openid user/*.rs launch/patient patient/*.rs', acts: 'camille' })
  const response = await fetch(`${demo.fhir}/Patient/camille`, { headers: { authorization: `Bearer ${token}` } })
  const patient = await response.json()
  const [name] = patient.name
  return { ins: person('camille').ins, given_name: name.given.join(' '), family_name: name.family.toUpperCase(), birthdate: patient.birthDate, gender: patient.gender }
}

/** An app begins a sign-in; the browser goes to a provider, says who it is there, and comes back. */
async function goElsewhere(name, form, more = {}) {
  const config = await configuration()
  const verifier = openid.randomPKCECodeVerifier()
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: home, scope: 'openid fhirUser user/*.rs', aud: demo.fhir, code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256', ...more,
  })
  const browser = new Browser()
  let page = await browser.open(address.href, home)
  const link = page.html.match(new RegExp(`href="(/oauth2/upstream/${name}\\?tx=[^"]+)"`))
  assert.ok(link, `${name} is not offered:\n${shown(page)}`)
  page = await browser.open(new URL(link[1], page.address).href, home)
  page = await browser.submit(page, 'login', form, home)
  return { browser, page, finish: (returned) => openid.authorizationCodeGrant(config, returned, { pkceCodeVerifier: verifier, idTokenExpected: true }) }
}

test('camille signs in with FranceConnect and is known by her number and traits', async () => {
  const { browser, page, finish } = await goElsewhere('franceconnect', { account: 'camille', acr: 'eidas2' })
  assert.match(shown(page), /Camille DURAND/)
  const { returned } = await browser.submit(page, 'consent', { decision: 'allow' }, home)
  const answer = await finish(returned)
  assert.equal(answer.claims().fhirUser.replace(/^.*\/fhir\//, ''), 'Patient/camille')
  assert.equal(answer.claims().acr, 'eidas2')
  const response = await fetch(`${demo.fhir}/Patient/camille`, { headers: { authorization: `Bearer ${answer.access_token}` } })
  assert.equal(response.status, 200)
  const asked = persons.asked.at(-1).searchParams
  assert.equal(asked.get('code_challenge_method'), 'S256')
  assert.ok(asked.get('state') && asked.get('nonce') && asked.get('state') !== asked.get('nonce'))
  assert.equal(asked.get('acr_values'), 'eidas1 eidas2')
})

test('a person without a space is signed in and told so', async () => {
  const { page } = await goElsewhere('franceconnect', { account: 'angela' })
  assert.match(shown(page), /Aucun espace à ouvrir/)
})

test("a number with another's name opens nothing", async () => {
  const { page } = await goElsewhere('franceconnect', { account: 'thief' })
  assert.match(shown(page), /Aucun espace à ouvrir/)
})

test('who stops at the provider is told so, and can sign in otherwise', async () => {
  const { browser, page } = await goElsewhere('franceconnect', {})
  assert.match(shown(page), /FranceConnect n’a pas confirmé votre connexion/)
  const { login, password } = person('camille')
  const next = await browser.submit(page, 'sign-in', { login, password }, home)
  assert.match(next.html, /value="allow"/)
})

test('a sign-in weaker than asked is refused', async () => {
  const { page } = await goElsewhere('franceconnect', { account: 'camille', acr: 'none' })
  assert.match(shown(page), /FranceConnect n’est pas assez forte|FranceConnect n’a pas/)
})

test('the step-up of an app goes on to the provider', async () => {
  const { page } = await goElsewhere('franceconnect', { account: 'camille', acr: 'eidas2' }, { acr_values: 'eidas2', prompt: 'login' })
  const asked = persons.asked.at(-1).searchParams
  assert.equal(asked.get('acr_values'), 'eidas2')
  assert.equal(asked.get('prompt'), 'login')
  assert.match(page.html, /value="allow"/)
})

test('a doctor of several work situations chooses one', async () => {
  const { browser, page, finish } = await goElsewhere('psc', { account: 'f:1:several' })
  assert.match(shown(page), /CABINET M DOC0021889/)
  const chosen = page.html.match(/value="([^"]+)" required>\s*<span>HOPITAL GENERIQUE/)
  assert.ok(chosen, shown(page))
  let next = await browser.submit(page, 'situation', { situation: chosen[1] }, home)
  assert.match(shown(next), /HOPITAL GENERIQUE/)
  const { returned } = await browser.submit(next, 'consent', { decision: 'allow' }, home)
  const answer = await finish(returned)
  assert.equal(answer.claims().fhirUser.replace(/^.*\/fhir\//, ''), 'Practitioner/899700218896')
  assert.equal(answer.claims().acr, 'eidas1')
})

test('a doctor of one work situation goes straight on', async () => {
  const { page } = await goElsewhere('psc', { account: 'f:1:one' })
  assert.match(page.html, /value="allow"/)
  assert.match(shown(page), /KIT DOC0021889/)
})

test('a login without practice is no professional, and the page says so', async () => {
  const { page } = await goElsewhere('psc', { account: 'f:1:none' })
  assert.match(shown(page), /sans situation d’exercice/)
})

test('the answer of a provider counts once, in the browser that asked', async () => {
  const { browser } = await goElsewhere('psc', { account: 'f:1:one' })
  const used = browser.visited.find((a) => a.includes('/oauth2/callback/psc'))
  assert.match(shown(await browser.open(used, home)), /Déjà répondu/)
  assert.match(shown(await new Browser().open(used, home)), /Autre navigateur/)
})

test('signing out here ends the session there too', async () => {
  const { browser, page } = await goElsewhere('franceconnect', { account: 'camille' })
  assert.match(page.html, /value="allow"/)
  const out = await browser.open(`${demo.issuer}/oauth2/sign-out`, home, {
    method: 'POST', body: new URLSearchParams(), headers: { origin: demo.issuer, 'sec-fetch-site': 'same-origin' },
  })
  assert.match(shown(out), /Se déconnecter aussi de FranceConnect/)
  const link = out.html.match(/href="(http:[^"]*\/session\/end\?[^"]*)"/)[1].replaceAll('&amp;', '&')
  const asked = new URL(link)
  assert.equal(asked.searchParams.get('id_token_hint').split('.').length, 3)
  let there = await browser.open(link, home)
  there = await browser.fill(there, (f) => f.fields.has('xsrf'), { logout: 'yes' }, home)
  assert.equal(new URL(there.address).pathname, '/oauth2/signed-out')
})

/** A token of Pro Santé Connect that the surgery's software got for a doctor. */
async function tokenOfSoftware(account) {
  const options = { execute: [openid.allowInsecureRequests] }
  const config = await openid.discovery(new URL(professionals.issuer), 'lps', 'a secret of the software', undefined, options)
  const verifier = openid.randomPKCECodeVerifier()
  const back = 'https://lps.example/back'
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: back, scope: 'openid scope_all', acr_values: 'eidas1', code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  const browser = new Browser()
  const { returned } = await browser.submit(await browser.open(address.href, back), 'login', { account }, back)
  const { access_token: token } = await openid.authorizationCodeGrant(config, returned, { pkceCodeVerifier: verifier, idTokenExpected: true })
  return { token, revoke: () => openid.tokenRevocation(config, token) }
}

/** The software shows the token at pontlevis. */
async function exchange(token, more = {}) {
  const client = demo.clients.find((c) => c.key === 'plugin-lps')
  const response = await fetch(`${demo.issuer}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', scope: 'user/*.rs', ...more,
    }),
  })
  return response.json()
}

test('a token of Pro Santé Connect is taken in exchange while it is active', async () => {
  const { token, revoke } = await tokenOfSoftware('f:1:several')
  assert.equal((await exchange(token)).error, 'invalid_request', 'no work situation named')
  const answer = await exchange(token, { work_situation: 'https://finess.esante.gouv.fr|0B0167608' })
  assert.ok(answer.access_token, JSON.stringify(answer))
  assert.equal(answer.scope, 'user/*.rs')
  const response = await fetch(`${demo.fhir}/Patient/camille`, { headers: { authorization: `Bearer ${answer.access_token}` } })
  assert.notEqual(response.status, 401)
  await revoke()
  assert.equal((await exchange(token, { work_situation: 'https://finess.esante.gouv.fr|0B0167608' })).error, 'invalid_request')
  assert.equal((await exchange('not a token')).error, 'invalid_request')
})
