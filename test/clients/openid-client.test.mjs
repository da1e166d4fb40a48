// openid-client, the OpenID Connect client library: every flow that it has and this server offers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as openid from 'openid-client'
import { agreeOnPhone, app, keyOf, read, signedOut } from './apps.mjs'
import { demo } from './demo.mjs'
import { home, signIn } from './signin.mjs'

const scope = 'openid fhirUser profile launch/patient patient/*.rs offline_access'

/** What the server says of itself, for an app that authenticates as it registered. */
async function configured(id, metadata = {}) {
  const auth = app(id).jwk ? openid.PrivateKeyJwt(await keyOf(id)) : app(id).client_secret ? openid.ClientSecretBasic(app(id).client_secret) : openid.None()
  return openid.discovery(new URL(demo.issuer), id, metadata, auth, { execute: [openid.allowInsecureRequests] })
}

/** The code flow with PKCE, state and nonce, pushed or not; bound to a key when `dpop` is given. */
async function codeFlow(config, key, { pushed, DPoP, asked = scope, ...more } = {}) {
  const verifier = openid.randomPKCECodeVerifier()
  const [state, nonce] = [openid.randomState(), openid.randomNonce()]
  const parameters = {
    redirect_uri: home, scope: asked, state, nonce, aud: demo.fhir,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  }
  const address = pushed ? await openid.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }) : openid.buildAuthorizationUrl(config, parameters)
  const { returned, page, browser } = await signIn(key, address.href, { acts: key })
  assert.ok(returned, page?.html)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }
  const answer = await openid.authorizationCodeGrant(config, returned, checks, undefined, { DPoP })
  return { answer, browser, address, returned }
}

test('a public app: code, id_token, userinfo, refresh by rotation, revocation, sign-out', async () => {
  const config = await configured('portal')
  const { answer, browser, returned } = await codeFlow(config, 'camille')
  assert.equal(returned.searchParams.get('iss'), demo.issuer)
  assert.equal(answer.token_type, 'bearer')
  assert.ok(answer.expires_in > 0 && answer.expires_in <= 900)
  const claims = answer.claims()
  assert.match(claims.fhirUser, /Patient\/camille$/)
  const info = await openid.fetchUserInfo(config, answer.access_token, claims.sub)
  assert.equal(info.fhirUser, claims.fhirUser)
  assert.equal((await read('Patient/camille', answer.access_token)).status, 200)

  const next = await openid.refreshTokenGrant(config, answer.refresh_token)
  assert.notEqual(next.refresh_token, answer.refresh_token)
  assert.equal(next.claims().sub, claims.sub)
  assert.equal((await read('Patient/camille', next.access_token)).status, 200)

  const leave = openid.buildEndSessionUrl(config, { id_token_hint: answer.id_token, post_logout_redirect_uri: signedOut, state: 'back' })
  const left = await browser.open(leave.href, signedOut)
  assert.equal(left.returned?.href, `${signedOut}?state=back`, left.html)

  await openid.tokenRevocation(config, next.refresh_token)
  assert.equal((await read('Patient/camille', next.access_token)).status, 401)
  await assert.rejects(openid.refreshTokenGrant(config, next.refresh_token), { error: 'invalid_grant' })
})

test('a confidential app proves its key: pushed request, introspection, refresh, revocation', async () => {
  const config = await configured('smart-conf')
  const { answer, address } = await codeFlow(config, 'camille', { pushed: true })
  assert.deepEqual([...address.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  const told = await openid.tokenIntrospection(config, answer.access_token)
  assert.equal(told.active, true)
  assert.equal(told.client_id, 'smart-conf')
  assert.equal(told.patient, 'camille')
  assert.equal(told.scope, answer.scope)
  const next = await openid.refreshTokenGrant(config, answer.refresh_token, { scope: 'openid fhirUser patient/*.rs' })
  assert.equal((await read('Patient/camille', next.access_token)).status, 200)
  await openid.tokenRevocation(config, next.access_token)
  assert.deepEqual(await openid.tokenIntrospection(config, next.access_token), { active: false })
  assert.equal((await read('Patient/camille', next.access_token)).status, 401)
})

test('the FAPI 2.0 client profile: pushed, private_key_jwt, DPoP with nonces, iss, no rotation', async () => {
  const config = await configured('fapi-app', { id_token_signed_response_alg: 'ES256' })
  const pair = await openid.randomDPoPKeyPair('ES256')
  const DPoP = openid.getDPoPHandle(config, pair)
  const { answer, returned } = await codeFlow(config, 'camille', { pushed: true, DPoP })
  assert.equal(returned.searchParams.get('iss'), demo.issuer)
  assert.equal(answer.token_type, 'dpop')
  const patient = new URL(`${demo.fhir}/Patient/camille`)
  const response = await openid.fetchProtectedResource(config, answer.access_token, patient, 'GET', undefined, undefined, { DPoP })
  assert.equal(response.status, 200)
  assert.equal((await response.json()).id, 'camille')
  assert.equal((await read('Patient/camille', answer.access_token)).status, 401, 'a bound token is no bearer token')
  const info = await openid.fetchUserInfo(config, answer.access_token, answer.claims().sub, { DPoP })
  assert.equal(info.sub, answer.claims().sub)

  const next = await openid.refreshTokenGrant(config, answer.refresh_token, undefined, { DPoP })
  assert.ok(next.refresh_token === undefined || next.refresh_token === answer.refresh_token, 'FAPI 2.0: no rotation')
  assert.ok((await openid.refreshTokenGrant(config, answer.refresh_token, undefined, { DPoP })).access_token)
  const told = await openid.tokenIntrospection(config, next.access_token)
  assert.equal(told.token_type, 'DPoP')
  assert.ok(told.cnf.jkt)

  const thief = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'))
  await assert.rejects(openid.fetchProtectedResource(config, next.access_token, patient, 'GET', undefined, undefined, { DPoP: thief }), { status: 401 })
  await openid.tokenRevocation(config, answer.refresh_token)
  await assert.rejects(openid.refreshTokenGrant(config, answer.refresh_token, undefined, { DPoP }), { error: 'invalid_grant' })
})

test('the FAPI 2.0 client profile refuses what its clients must not do', async () => {
  const config = await configured('fapi-app', { id_token_signed_response_alg: 'ES256' })
  const verifier = openid.randomPKCECodeVerifier()
  const parameters = { redirect_uri: home, scope, state: openid.randomState(), aud: demo.fhir, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' }
  const unpushed = await fetch(openid.buildAuthorizationUrl(config, parameters), { redirect: 'manual' })
  const answered = new URL(unpushed.headers.get('location') ?? demo.issuer)
  assert.ok(unpushed.status === 400 || answered.searchParams.get('error') === 'invalid_request', `a request that was not pushed: ${unpushed.status} ${answered}`)
  const pushed = await openid.buildAuthorizationUrlWithPAR(config, parameters)
  const back = await signIn('camille', pushed.href, { acts: 'camille' })
  await assert.rejects(
    openid.authorizationCodeGrant(config, back.returned, { pkceCodeVerifier: verifier, expectedState: parameters.state }),
    (error) => ['invalid_dpop_proof', 'invalid_request', 'use_dpop_nonce'].includes(error.error), 'a token without a proof',
  )
})

for (const id of ['portal', 'smart-conf']) {
  test(`a device of ${id} without a browser: a code is typed elsewhere`, async () => {
    const config = await configured(id)
    const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid fhirUser launch/patient patient/*.rs' })
    const polled = openid.pollDeviceAuthorizationGrant(config, device)
    polled.catch(() => {}) // told below
    const page = await agreeOnPhone('camille', device, { acts: 'camille' })
    assert.equal(page?.status, 200, page?.html)
    const answer = await polled
    assert.equal(answer.patient, 'camille')
    assert.match(answer.claims().fhirUser, /Patient\/camille$/)
    assert.equal((await read('Patient/camille', answer.access_token)).status, 200)
  })
}

test('a device is told when the person refuses', async () => {
  const config = await configured('portal')
  const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid launch/patient patient/*.rs' })
  await agreeOnPhone('camille', device, { acts: 'camille', decision: 'refuse' })
  await assert.rejects(openid.pollDeviceAuthorizationGrant(config, device), { error: 'access_denied' })
})

test('back-ends get tokens in their own name, by key and by secret', async () => {
  for (const [id, asked] of [['backend-dpi', 'system/*.rs'], ['backend-lab', 'system/DocumentReference.c']]) {
    const config = await configured(id)
    const answer = await openid.clientCredentialsGrant(config, { scope: asked })
    assert.equal(answer.scope, asked)
    assert.equal(answer.token_type, 'bearer')
    assert.ok(answer.expires_in <= 300)
    assert.equal(answer.refresh_token, undefined)
    const told = await openid.tokenIntrospection(config, answer.access_token)
    assert.equal(told.active, true)
    await assert.rejects(openid.clientCredentialsGrant(config, { scope: 'system/Patient.d' }), { error: 'invalid_scope' })
    await openid.tokenRevocation(config, answer.access_token)
    assert.deepEqual(await openid.tokenIntrospection(config, answer.access_token), { active: false })
  }
})

test('a person who refuses is sent back with access_denied', async () => {
  const config = await configured('portal')
  const verifier = openid.randomPKCECodeVerifier()
  const address = openid.buildAuthorizationUrl(config, { redirect_uri: home, scope, aud: demo.fhir, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
  const { returned } = await signIn('camille', address.href, { acts: 'camille', decision: 'refuse' })
  await assert.rejects(openid.authorizationCodeGrant(config, returned, { pkceCodeVerifier: verifier }), { error: 'access_denied' })
})
