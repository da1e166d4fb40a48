// The apps of the cast that authenticate with a key or a secret, as their makers would hold them.
import { webcrypto } from 'node:crypto'
import { demo } from './demo.mjs'
import { Browser } from './browser.mjs'
import { agree } from './signin.mjs'

/** One app of the cast. */
export function app(id) {
  const found = demo.clients.find((c) => c.client_id === id)
  if (!found) throw new Error(`demo.json knows no app ${id}`)
  return found
}

/** The private key of an app, as clients want it: a CryptoKey that only signs, and its id. */
export async function keyOf(id) {
  const { jwk } = app(id)
  const algorithm = { name: 'ECDSA', namedCurve: jwk.crv }
  return { key: await webcrypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid: jwk.kid }
}

/** Where an app waits for a browser that signed out. */
export const signedOut = 'http://127.0.0.1/signed-out'

/** Somebody types the code that a device shows, signs in and agrees; the last page is returned. */
export async function agreeOnPhone(key, device, how = {}) {
  const browser = new Browser()
  const page = await browser.open(device.verification_uri, signedOut)
  const typed = await browser.fill(page, (form) => form.fields.get('tx') === 'device', { user_code: device.user_code }, signedOut)
  return (await agree(browser, key, typed, { ...how, home: signedOut })).page
}

/** What the gate answers to a read with a bearer token. */
export async function read(path, token) {
  const response = await fetch(`${demo.fhir}/${path}`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.json() }
}
