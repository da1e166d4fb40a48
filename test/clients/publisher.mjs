// A publisher in a browser, from an account to a version that asks for its label, by what the pages of /vendor show alone; and
// the publisher's app, which answers on this machine and reads as any SMART client does.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { demo } from './demo.mjs'

export const { base } = demo
export const text = (page) => page.evaluate('document.querySelector("main").innerText')
export const password = 'une courbe monte, une autre descend'

/** Makes an account of a publisher; the page is signed in and at /vendor. */
export async function signUp(page, mail, company) {
  await page.open(`${base}/vendor/signup`)
  for (const [field, value] of [['#name', 'Ada Lenoir'], ['#mail', mail], ['#company', company], ['#password', password], ['#again', password]]) await page.fill(field, value)
  await page.click('main form button[type=submit]')
  assert.equal(await page.evaluate('location.pathname'), '/vendor', await text(page))
}

/** Writes the manifest of an app anew in the editor: change takes what is there and gives what is to be. */
export async function write(page, app, change) {
  await page.open(`${base}/vendor/apps/${app}/manifest`)
  const was = JSON.parse(await page.evaluate('document.querySelector("#manifest").value'))
  await page.evaluate(`void (document.querySelector('#manifest').value = ${JSON.stringify(JSON.stringify(change(was), null, 2))})`)
  await page.click('button[value=save]')
  assert.equal(await page.evaluate('location.pathname'), `/vendor/apps/${app}`, await text(page))
}

/** Tries the app at the rehearsal as one of its people, and answers what is asked. */
export async function tryAs(page, part, secret, decision) {
  await page.evaluate(`void (document.querySelector('#who').value = ${JSON.stringify(part)})`)
  await page.click('button[value=try]')
  await page.fill('#password', secret)
  await page.click('input[name=step][value=sign-in] ~ button')
  if (await page.evaluate('Boolean(document.querySelector("button[name=decision]"))')) await page.click(`button[name=decision][value=${decision}]`)
}

/** Opens the page of the app until the label can be asked for. */
export async function ready(page, address) {
  for (let k = 0; k < 200 && !await page.evaluate('Boolean(document.querySelector("button[value=submit]"))'); k++) await page.open(address)
}

/** Rehearses what the manifest says now with everybody whom the criteria ask for, until the label can be asked for. */
export async function rehearse(page, app) {
  await page.open(`${base}/vendor/apps/${app}`)
  await page.click('button[value=rehearse]')
  const secret = await page.evaluate(`document.querySelector('#rehearsal ~ dl div:last-child code').innerText`)
  for (const [part, decision] of [['agrees', 'allow'], ['refuses', 'refuse'], ['leaves', 'allow'], ['leaves', 'allow'], ['leaves', 'allow']]) await tryAs(page, part, secret, decision)
  await ready(page, `${base}/vendor/apps/${app}`)
}

/** The publisher's app: a public client that registers with the statement of its desk, and reads with PKCE. */
export class App {
  constructor(site) {
    this.site = site
    this.home = `http://127.0.0.1:${site.address().port}`
  }

  static async start() {
    const site = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><html lang="fr"><title>Mes courbes</title><main>Bienvenue</main></html>')
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    return new App(site)
  }

  close() {
    this.site.closeAllConnections()
    this.site.close()
  }

  async register(statement) {
    const response = await fetch(`${base}/oauth2/register`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ software_statement: statement.trim(), redirect_uris: [`${this.home}/callback`] }),
    })
    const answer = await response.json()
    assert.equal(response.status, 201, JSON.stringify(answer))
    this.client = answer.client_id
  }

  /** Where a person who opens the app is sent to sign in. */
  address(scope) {
    Object.assign(this, { state: randomBytes(16).toString('hex'), verifier: randomBytes(32).toString('base64url') })
    return `${base}/oauth2/authorize?${new URLSearchParams({
      response_type: 'code', client_id: this.client, redirect_uri: `${this.home}/callback`, scope, state: this.state, aud: demo.fhir,
      code_challenge_method: 'S256', code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
    })}`
  }

  /** Takes the browser's way back for a token. */
  async back(address) {
    const answer = new URL(address).searchParams
    assert.equal(answer.get('state'), this.state, address)
    const response = await fetch(`${base}/oauth2/token`, {
      method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', client_id: this.client, code: answer.get('code'), redirect_uri: `${this.home}/callback`, code_verifier: this.verifier }),
    })
    const given = await response.json()
    assert.equal(response.status, 200, JSON.stringify(given))
    Object.assign(this, { token: given.access_token, patient: given.patient })
  }

  /** Reads with the token that it has; gives status and answer. */
  async read(target) {
    const response = await fetch(`${demo.fhir}/${target}`, { headers: { authorization: `Bearer ${this.token}`, accept: 'application/fhir+json' } })
    return { status: response.status, body: await response.json() }
  }
}
