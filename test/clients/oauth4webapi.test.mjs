// oauth4webapi, the strict library below openid-client: each request and each answer by itself, so that it judges status,
// headers and body of every endpoint.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { agreeOnPhone, app, keyOf, signedOut } from './apps.mjs'
import { demo } from './demo.mjs'
import { home, signIn } from './signin.mjs'

const plain = { [oauth.allowInsecureRequests]: true }
const scope = 'openid fhirUser launch/patient patient/*.rs offline_access'
let as

before(async () => {
  const issuer = new URL(demo.issuer)
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain))
})

/** An app of the cast: its client and how it authenticates. */
async function client(id, more) {
  const auth = app(id).jwk ? oauth.PrivateKeyJwt(await keyOf(id)) : oauth.None()
  return { client: { client_id: id, ...more }, auth }
}

/** Sends a request, and once more where the server wants a proof with its nonce (RFC 9449 §8). */
async function withNonce(send, take) {
  try {
    return await take(await send())
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return take(await send())
  }
}

/** The parameters of an authorization request, with what checks its answer. */
async function request() {
  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const parameters = {
    response_type: 'code', redirect_uri: home, scope, state, nonce, aud: demo.fhir,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  }
  return { verifier, state, nonce, parameters }
}

function authorizationURL(parameters) {
  const url = new URL(as.authorization_endpoint)
  url.search = new URLSearchParams(parameters)
  return url.href
}

/** Redeems the code with which a browser came back. */
async function redeem({ client, auth }, asked, returned, options = plain) {
  const parameters = oauth.validateAuthResponse(as, client, returned, asked.state)
  return withNonce(
    () => oauth.authorizationCodeGrantRequest(as, client, auth, parameters, home, asked.verifier, options),
    (response) => oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: asked.nonce, requireIdToken: true }),
  )
}

const refresh = ({ client, auth }, token, options = plain) =>
  withNonce(
    () => oauth.refreshTokenGrantRequest(as, client, auth, token, options),
    (response) => oauth.processRefreshTokenResponse(as, client, response),
  )

async function introspect({ client, auth }, token) {
  return oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, plain))
}

async function revoke({ client, auth }, token) {
  return oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, plain))
}

/** The status of a read through the gate, or what the challenge of a refused one says. */
async function reads(token, options = plain) {
  const send = () => oauth.protectedResourceRequest(token, 'GET', new URL(`${demo.fhir}/Patient/camille`), undefined, undefined, options)
  try {
    return await withNonce(send, (response) => response.status)
  } catch (error) {
    assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, error)
    return error.cause.map((challenge) => challenge.parameters).find((parameters) => parameters.error)
  }
}

test('the FHIR endpoint says which server protects it', async () => {
  const resource = new URL(demo.fhir)
  const found = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource, plain))
  assert.deepEqual(found.authorization_servers, [demo.issuer])
  const challenge = await reads('nothing')
  assert.equal(challenge.error, 'invalid_token')
  assert.equal(challenge.resource_metadata, `${demo.issuer}/.well-known/oauth-protected-resource/fhir`)
})

test('code with PKCE, userinfo, refresh by rotation, reuse, revocation', async () => {
  const portal = await client('portal')
  const asked = await request()
  const { returned } = await signIn('camille', authorizationURL({ ...asked.parameters, client_id: 'portal' }), { acts: 'camille' })
  const answer = await redeem(portal, asked, returned)
  const { sub } = oauth.getValidatedIdTokenClaims(answer)
  const info = await oauth.processUserInfoResponse(as, portal.client, sub, await oauth.userInfoRequest(as, portal.client, answer.access_token, plain))
  assert.match(info.fhirUser, /Patient\/camille$/)
  assert.equal(await reads(answer.access_token), 200)
  const next = await refresh(portal, answer.refresh_token)
  assert.notEqual(next.refresh_token, answer.refresh_token)
  await revoke(portal, next.refresh_token)
  assert.equal((await reads(next.access_token)).error, 'invalid_token')
  await assert.rejects(refresh(portal, next.refresh_token), { error: 'invalid_grant' })
  await assert.rejects(redeem(portal, asked, returned), { error: 'invalid_grant' })
})

test('private_key_jwt with a pushed request, introspection and sign-out', async () => {
  const conf = await client('smart-conf')
  const asked = await request()
  const pushed = await oauth.processPushedAuthorizationResponse(as, conf.client, await oauth.pushedAuthorizationRequest(as, conf.client, conf.auth, { ...asked.parameters, client_id: 'smart-conf' }, plain))
  assert.ok(pushed.expires_in <= 600)
  const { returned, browser } = await signIn('camille', authorizationURL({ client_id: 'smart-conf', request_uri: pushed.request_uri }), { acts: 'camille' })
  const answer = await redeem(conf, asked, returned)
  const told = await introspect(conf, answer.access_token)
  assert.equal(told.sub, oauth.getValidatedIdTokenClaims(answer).sub)
  assert.equal(told.patient, 'camille')
  const other = await client('backend-dpi')
  assert.deepEqual(await introspect(other, answer.access_token), { active: false }, "another client's token")
  const leave = new URL(as.end_session_endpoint)
  leave.search = new URLSearchParams({ id_token_hint: answer.id_token, post_logout_redirect_uri: signedOut })
  const left = await browser.open(leave.href, signedOut)
  assert.equal(left.returned?.href, signedOut, left.html)
  await revoke(conf, answer.access_token)
  assert.deepEqual(await introspect(conf, answer.access_token), { active: false })
})

test('the FAPI 2.0 client profile, whole', async () => {
  const fapi = await client('fapi-app', { id_token_signed_response_alg: 'ES256' })
  const pair = await oauth.generateKeyPair('ES256')
  const bound = { ...plain, DPoP: oauth.DPoP(fapi.client, pair) }
  const asked = await request()
  const pushed = await withNonce(
    () => oauth.pushedAuthorizationRequest(as, fapi.client, fapi.auth, { ...asked.parameters, client_id: 'fapi-app' }, bound),
    (response) => oauth.processPushedAuthorizationResponse(as, fapi.client, response),
  )
  const { returned } = await signIn('camille', authorizationURL({ client_id: 'fapi-app', request_uri: pushed.request_uri }), { acts: 'camille' })
  assert.equal(returned.searchParams.get('iss'), as.issuer)
  const thief = { ...plain, DPoP: oauth.DPoP(fapi.client, await oauth.generateKeyPair('ES256')) }
  const answer = await redeem(fapi, asked, returned, bound)
  assert.equal(answer.token_type, 'dpop')
  assert.equal(await reads(answer.access_token, bound), 200)
  assert.equal((await reads(answer.access_token, thief)).error, 'invalid_token')
  assert.equal((await reads(answer.access_token)).error, 'invalid_token', 'a bound token is no bearer token')
  const { sub } = oauth.getValidatedIdTokenClaims(answer)
  const info = await withNonce(
    () => oauth.userInfoRequest(as, fapi.client, answer.access_token, bound),
    (response) => oauth.processUserInfoResponse(as, fapi.client, sub, response),
  )
  assert.equal(info.sub, sub)
  const next = await refresh(fapi, answer.refresh_token, bound)
  assert.ok(next.refresh_token === undefined || next.refresh_token === answer.refresh_token, 'no rotation')
  await revoke(fapi, answer.refresh_token)
  await assert.rejects(refresh(fapi, answer.refresh_token, bound), { error: 'invalid_grant' })
})

test('the device flow, with a poll too many before anybody agreed', async () => {
  const portal = await client('portal')
  const device = await oauth.processDeviceAuthorizationResponse(as, portal.client, await oauth.deviceAuthorizationRequest(as, portal.client, portal.auth, { scope: 'openid fhirUser launch/patient patient/*.rs' }, plain))
  const poll = async () => oauth.processDeviceCodeResponse(as, portal.client, await oauth.deviceCodeGrantRequest(as, portal.client, portal.auth, device.device_code, plain))
  await assert.rejects(poll(), { error: 'authorization_pending' })
  await assert.rejects(poll(), { error: 'slow_down' })
  await agreeOnPhone('camille', device, { acts: 'camille' })
  await wait((device.interval + 5) * 1000) // slow_down adds five seconds (RFC 8628 §3.5)
  const answer = await poll()
  assert.match(oauth.getValidatedIdTokenClaims(answer).fhirUser, /Patient\/camille$/)
  await assert.rejects(poll(), (error) => ['invalid_grant', 'expired_token', 'slow_down'].includes(error.error))
})

test('client credentials, with a key and bound to another', async () => {
  const dpi = await client('backend-dpi')
  const answer = await oauth.processClientCredentialsResponse(as, dpi.client, await oauth.clientCredentialsGrantRequest(as, dpi.client, dpi.auth, { scope: 'system/*.rs' }, plain))
  assert.ok(answer.expires_in <= 300)
  assert.equal(answer.refresh_token, undefined)
  const bound = { ...plain, DPoP: oauth.DPoP(dpi.client, await oauth.generateKeyPair('ES256')) }
  const held = await withNonce(
    () => oauth.clientCredentialsGrantRequest(as, dpi.client, dpi.auth, { scope: 'system/*.rs' }, bound),
    (response) => oauth.processClientCredentialsResponse(as, dpi.client, response),
  )
  assert.equal(held.token_type, 'dpop')
  assert.equal((await reads(held.access_token)).error, 'invalid_token')
  const elsewhere = oauth.PrivateKeyJwt(await keyOf('smart-conf'))
  await assert.rejects(
    oauth.clientCredentialsGrantRequest(as, dpi.client, elsewhere, { scope: 'system/*.rs' }, plain).then((r) => oauth.processClientCredentialsResponse(as, dpi.client, r)),
    { status: 401 },
  )
})

test('a client of an app registers itself, and reads its registration', async () => {
  const metadata = { software_id: 'glycare', client_name: 'Un essai', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], scope: 'openid' }
  const made = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(as, metadata, { ...plain, initialAccessToken: demo.initial_access_token }),
  )
  assert.ok(made.client_id && made.registration_access_token)
  assert.equal(made.software_id, 'glycare')
  await assert.rejects(
    oauth.dynamicClientRegistrationRequest(as, { ...metadata, software_id: 'nobody' }, { ...plain, initialAccessToken: demo.initial_access_token })
      .then((r) => oauth.processDynamicClientRegistrationResponse(r)),
    { status: 400 },
  )
  const own = await fetch(made.registration_client_uri, { headers: { authorization: `Bearer ${made.registration_access_token}` } })
  assert.equal((await own.json()).client_id, made.client_id)
  const gone = await fetch(made.registration_client_uri, { method: 'DELETE', headers: { authorization: `Bearer ${made.registration_access_token}` } })
  assert.equal(gone.status, 204)
})
