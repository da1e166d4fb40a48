// AppAuth-JS in node: it opens the person's browser by xdg-open, waits on a loopback port for the code, and speaks to the
// token endpoint by its own handlers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { read } from './apps.mjs'
import { demo } from './demo.mjs'
import { signIn } from './signin.mjs'

const require = createRequire(import.meta.url)
const appauth = require('@openid/appauth')
const { NodeBasedHandler, NodeCrypto, NodeRequestor } = require('@openid/appauth/built/node_support')

// The desktop of the person: what is opened is written down.
const desktop = mkdtempSync(join(tmpdir(), 'pontlevis-appauth-'))
const opened = join(desktop, 'opened')
writeFileSync(join(desktop, 'xdg-open'), `#!/bin/sh\nprintf %s "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`)
chmodSync(join(desktop, 'xdg-open'), 0o755)
process.env.PATH = desktop + delimiter + process.env.PATH
after(() => rmSync(desktop, { recursive: true }))

/** The address that the app opened. */
async function browserOpened() {
  for (let end = Date.now() + 30_000; Date.now() < end; await wait(20)) {
    try {
      const address = readFileSync(opened, 'utf8')
      rmSync(opened)
      return address
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  throw new Error('the app opened no browser')
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** Has the app ask for authorization and the person answer; resolves to what the app was told. */
async function authorize(configuration, scope, decision) {
  const port = await freePort()
  const redirect = `http://127.0.0.1:${port}/callback`
  const handler = new NodeBasedHandler(port)
  const notifier = new appauth.AuthorizationNotifier()
  handler.setAuthorizationNotifier(notifier)
  const told = new Promise((resolve) => notifier.setAuthorizationListener((request, response, error) => resolve({ request, response, error, redirect })))
  const asked = { client_id: 'portal', redirect_uri: redirect, scope, response_type: 'code', extras: { aud: demo.fhir } }
  handler.performAuthorizationRequest(configuration, new appauth.AuthorizationRequest(asked, new NodeCrypto()))
  const { returned, page } = await signIn('camille', await browserOpened(), { acts: 'camille', home: redirect, decision })
  assert.ok(returned, page?.html)
  await (await fetch(returned)).text()
  return told
}

test('AppAuth-JS: code with PKCE, refresh, revocation', async () => {
  const requestor = new NodeRequestor()
  const configuration = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(demo.issuer, requestor)
  assert.equal(configuration.endSessionEndpoint, `${demo.issuer}/oauth2/end-session`)
  const { request, response, error, redirect } = await authorize(configuration, 'openid fhirUser launch/patient patient/*.rs offline_access')
  assert.equal(error, null)
  assert.equal(response.state, request.state)

  const tokens = new appauth.BaseTokenRequestHandler(requestor)
  const ask = (more) => tokens.performTokenRequest(configuration, new appauth.TokenRequest({ client_id: 'portal', redirect_uri: redirect, ...more }))
  const answer = await ask({ grant_type: appauth.GRANT_TYPE_AUTHORIZATION_CODE, code: response.code, extras: { code_verifier: request.internal.code_verifier } })
  assert.ok(answer.idToken && answer.refreshToken)
  // It keeps ten minutes in hand: a token that lives no longer would be refreshed before each use.
  assert.ok(answer.isValid(), `a token of ${answer.expiresIn} s is not valid to AppAuth`)
  assert.equal((await read('Patient/camille', answer.accessToken)).status, 200)

  const next = await ask({ grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN, refresh_token: answer.refreshToken })
  assert.notEqual(next.accessToken, answer.accessToken)
  assert.equal((await read('Patient/camille', next.accessToken)).status, 200)

  await tokens.performRevokeTokenRequest(configuration, new appauth.RevokeTokenRequest({ token: next.refreshToken, token_type_hint: 'refresh_token', client_id: 'portal' }))
  assert.equal((await read('Patient/camille', next.accessToken)).status, 401)
  await assert.rejects(ask({ grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN, refresh_token: next.refreshToken }))
})

test('AppAuth-JS is told that the person refused', async () => {
  const configuration = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(demo.issuer, new NodeRequestor())
  const { response, error } = await authorize(configuration, 'openid launch/patient patient/*.rs', 'refuse')
  assert.equal(response, null)
  assert.equal(error.error, 'access_denied')
})
