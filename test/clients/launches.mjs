// fhirclient, unmodified, as the app that a browser loads: chromium opens it by itself and from a record, signs in at the
// real pages, reads through the gate and renews the token.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { tokens } from './openid.mjs'

const library = readFileSync(createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.pure.js'))
let chromium, site, origin

before(async () => {
  site = createServer(serve).listen(0, '127.0.0.1')
  await once(site, 'listening')
  origin = `http://127.0.0.1:${site.address().port}`
  chromium = await Chromium.start()
})
after(async () => {
  await chromium?.close()
  site?.closeAllConnections()
  site?.close()
})

/** The app: /launch asks for authorization, /callback takes the answer; whoever loads it finds its client in window.app. */
function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, origin)
  const html = (body) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html><script src="/fhir-client.js"></script>${body}`)
  if (pathname === '/fhir-client.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(library)
  else if (pathname === '/callback') html('<script>FHIR.oauth2.ready().then((c) => { window.app = c }, (e) => { window.failed = String(e) })</script>')
  else if (pathname === '/launch') {
    const { client: clientId, scope, iss } = Object.fromEntries(searchParams)
    const asked = JSON.stringify({ clientId: clientId ?? 'glycare', scope: scope ?? launched, redirectUri: `${origin}/callback`, pkceMode: 'required', ...(iss ? {} : { iss: demo.fhir }) })
    html(`<script>FHIR.oauth2.authorize(${asked}).catch((e) => { window.failed = String(e) })</script>`)
  } else response.writeHead(404).end()
}

const launched = 'launch openid fhirUser offline_access patient/Patient.r patient/Observation.rs'

/** Opens the app and signs in at the pages that come. */
async function signedIn(address, key, { patient, use } = {}) {
  const page = await chromium.page()
  try {
    await page.open(address)
    await page.until('document.querySelector("#login")')
    await page.fill('#login', person(key).login)
    await page.fill('#password', person(key).password)
    await page.click('button.primary')
    if (patient) {
      await page.fill('#ins', person(patient).ins)
      await page.evaluate('void document.querySelector("#ins").form.querySelector("button").setAttribute("id", "find")')
      await page.click('#find')
    }
    await page.evaluate('void document.querySelector("button[value=allow]").click()')
    await page.until('window.app || window.failed')
    assert.equal(await page.evaluate('window.failed'), undefined)
    await use(page, (call) => page.evaluate(`window.app.${call}`))
  } finally {
    await page.close()
  }
}

test('standalone: camille opens the portal, reads her record and stays signed in', async () => {
  const address = `${origin}/launch?${new URLSearchParams({ client: 'portal', scope: 'openid fhirUser launch/patient patient/*.rs offline_access' })}`
  await signedIn(address, 'camille', {
    async use(page, app) {
      assert.equal(await app('patient.id'), 'camille')
      assert.match(await app('user.fhirUser'), /Patient\/camille$/)
      assert.equal((await app('patient.read()')).name[0].family, 'Durand')
      const before = await app('state.tokenResponse')
      await app('refresh()')
      const renewed = await app('state.tokenResponse')
      assert.notEqual(renewed.access_token, before.access_token)
      assert.notEqual(renewed.refresh_token, before.refresh_token)
      const found = await app("patient.request('Observation', { pageLimit: 0, flat: true })")
      assert.ok(found.some((r) => r.id === 'camille-glucose-1'))
      const lucas = await app("request('Patient/lucas').then(() => 200, (e) => e.status)")
      assert.equal(lucas, 404)
    },
  })
})

test('standalone: a doctor chooses camille by her INS', async () => {
  const address = `${origin}/launch?${new URLSearchParams({ client: 'portal', scope: 'openid fhirUser launch/patient patient/*.rs' })}`
  await signedIn(address, 'dr-roux', {
    patient: 'camille',
    async use(page, app) {
      assert.equal(await app('patient.id'), 'camille')
      assert.equal(await app('user.fhirUser'), 'Practitioner/dr-roux')
      assert.equal((await app("request('DocumentReference/camille-psychiatric-letter')")).id, 'camille-psychiatric-letter')
    },
  })
})

/** Has the portal of somebody open an app from a record; returns where the app is, with its launch. */
async function openFromRecord(key, body, how) {
  const portal = await tokens(key, { scope: 'openid fhirUser launch/patient patient/*.rs urn:pontlevis:launch', ...how })
  const response = await fetch(`${demo.issuer}/oauth2/launch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${portal.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: 'glycare', ...body }),
  })
  const made = await response.json()
  assert.equal(response.status, 201, JSON.stringify(made))
  assert.equal(new URL(made.launch_url).origin, 'http://127.0.0.1')
  return made.launch_url.replace('http://127.0.0.1', origin) // the app registered a loopback address of whatever port
}

test('from a record: a doctor opens glycare on camille, chooses no patient, and gets the context', async () => {
  const address = await openFromRecord('dr-roux', { patient: 'camille', encounter: 'camille-encounter', intent: 'reconcile', need_patient_banner: false }, { patient: 'camille' })
  await signedIn(address, 'dr-roux', {
    async use(page, app) {
      assert.equal(await app('patient.id'), 'camille')
      const told = await app('state.tokenResponse')
      assert.equal(told.need_patient_banner, false)
      assert.equal(told.intent, 'reconcile')
      assert.match(told.smart_style_url, /^http/)
      assert.equal(await app('user.fhirUser'), 'Practitioner/dr-roux')
      assert.equal((await app('patient.read()')).id, 'camille')
      const found = await app("patient.request('Observation', { pageLimit: 0, flat: true })")
      assert.ok(found.some((r) => r.id === 'camille-glucose-1'))
      const letter = await app("request('DocumentReference/camille-psychiatric-letter').then(() => 200, (e) => e.status)")
      assert.ok([403, 404].includes(letter), `beyond the label of glycare: ${letter}`)
      await app('refresh()')
      assert.equal((await app('patient.read()')).id, 'camille')
      assert.equal(await app('patient.id'), 'camille')
    },
  })
})

test('from a record: a launch counts once, and for the person it was made for', async () => {
  const address = await openFromRecord('camille', { patient: 'camille' }, { acts: 'camille' })
  await signedIn(address, 'camille', { async use(page, app) { assert.equal(await app('patient.id'), 'camille') } })
  const again = await chromium.page()
  await again.open(address)
  await again.until('document.readyState === "complete" && (window.failed || location.pathname === "/callback" && new URLSearchParams(location.search).has("error"))')
  assert.match(await again.evaluate('window.failed ?? location.href'), /launch|invalid_request/)
  await again.close()
})
