// fhirclient, the SMART client library, as the app itself: it discovers, authorizes with PKCE, and reads.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import smart from 'fhirclient'
import { demo } from './demo.mjs'
import { signIn } from './signin.mjs'

/** Runs an app made with fhirclient, has somebody sign in to it, and gives its client to `use`. */
async function withApp(key, options, use) {
  const session = {}
  const ready = Promise.withResolvers?.() ?? deferred()
  const server = createServer((request, response) => {
    request.session = session
    const api = smart(request, response)
    if (request.url.startsWith('/launch')) {
      const redirectUri = `http://127.0.0.1:${server.address().port}/callback`
      api.authorize({ iss: demo.fhir, redirectUri, pkceMode: 'required', clientId: 'portal', ...options }).catch(ready.reject)
      return
    }
    api.ready().then(ready.resolve, ready.reject).finally(() => response.end())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const origin = `http://127.0.0.1:${server.address().port}`
    const ended = await signIn(key, `${origin}/launch`, { patient: 'camille', home: `${origin}/callback` })
    if (!ended.returned) return use(null, ended.page)
    await fetch(ended.returned, { redirect: 'manual' })
    return await use(await ready.promise)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function deferred() {
  const d = {}
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }))
  d.promise.catch(() => {}) // whoever awaits it is told
  return d
}

const scope = 'openid fhirUser launch/patient patient/*.rs'
const letter = 'DocumentReference/camille-psychiatric-letter'

/** The status with which a request is refused. */
async function refused(client, path) {
  try {
    await client.request(path)
  } catch (error) {
    return error.status ?? error.statusCode
  }
  return 200
}

test('dr-roux chooses camille by her INS, reads her and the masked letter', () =>
  withApp('dr-roux', { scope }, async (client) => {
    assert.equal(client.patient.id, 'camille')
    assert.equal((await client.patient.read()).name[0].family, 'Durand')
    assert.equal(client.user.fhirUser, 'Practitioner/dr-roux')
    assert.equal((await client.request(letter)).id, 'camille-psychiatric-letter')
    const pages = await client.request('DocumentReference?patient=camille&date=ge2000&_count=3', { pageLimit: 0, flat: true })
    assert.ok(pages.some((r) => r.id === 'camille-psychiatric-letter'))
    const observations = await client.patient.request('Observation', { pageLimit: 0, flat: true })
    assert.ok(observations.some((r) => r.id === 'camille-glucose-1'))
    assert.equal(await refused(client, 'Patient/lucas'), 404)
  }))

test('inf-martin sees the record and not the letter, by search, id, history or bytes', () =>
  withApp('inf-martin', { scope }, async (client) => {
    const found = await client.request('DocumentReference?patient=camille&date=ge2000', { pageLimit: 0, flat: true })
    assert.ok(found.some((r) => r.id === 'camille-consultation'))
    assert.ok(!found.some((r) => r.id === 'camille-psychiatric-letter'))
    for (const path of [letter, `${letter}/_history`, `${letter}/_history/1`, 'Binary/camille-psychiatric-letter', `${demo.fhir}/Binary/camille-psychiatric-letter`]) {
      assert.equal(await refused(client, path), 404, path)
    }
  }))

test('dr-bloque is told at sign-in what he would be told of nobody', () =>
  withApp('dr-bloque', { scope }, async (client, page) => {
    assert.equal(client, null)
    assert.equal(page.status, 422)
    assert.doesNotMatch(page.html, /Durand|bloqu/i)
  }))

test('camille reads her own space, but for the announcement', () =>
  withApp('camille', { scope }, async (client) => {
    assert.equal(client.patient.id, 'camille')
    const found = await client.request('DocumentReference?patient=camille', { pageLimit: 0, flat: true })
    assert.ok(found.some((r) => r.id === 'camille-psychiatric-letter'))
    assert.ok(!found.some((r) => r.id === 'camille-announcement'))
    assert.equal(await refused(client, 'DocumentReference/camille-announcement'), 404)
    assert.equal(await refused(client, 'Binary/camille-announcement'), 404)
  }))
