// fhir-kit-client, with tokens that openid-client obtained at the real pages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'fhir-kit-client'
import * as openid from 'openid-client'
import { demo } from './demo.mjs'
import { configuration, tokens } from './openid.mjs'

const letter = 'camille-psychiatric-letter'
const announcement = 'camille-announcement'

/** A FHIR client for somebody who has just signed in. */
async function clientOf(key, how) {
  const answer = await tokens(key, how)
  assert.ok(answer.access_token, `${key} gets no token: ${JSON.stringify(answer).slice(0, 500)}`)
  return { client: new Client({ baseUrl: demo.fhir, bearerToken: answer.access_token }), answer }
}

const ids = (bundle) => (bundle.entry ?? []).map((e) => e.resource).filter((r) => r.resourceType !== 'OperationOutcome').map((r) => r.id)

/** Each way of asking for one document: true when something of it came back. */
async function ways(client, id) {
  const opens = (ask) => ask().then(() => true, (error) => {
    assert.equal(error.response?.status, 404, `${id}: ${error.message}`)
    assert.equal(error.response.data.resourceType, 'OperationOutcome')
    return false
  })
  const found = async (searchParams, resourceType = 'DocumentReference') => ids(await client.search({ resourceType, searchParams })).includes(id)
  return {
    search: await found({ patient: 'camille', date: 'ge2000', _count: 100 }),
    'search by id': await found({ _id: id }),
    'search by identifier': await found({ patient: 'camille', identifier: `urn:pontlevis:demo|${id}` }),
    include: await found({ _id: 'camille', _revinclude: 'DocumentReference:patient', _count: 100 }, 'Patient'),
    count: (await client.search({ resourceType: 'DocumentReference', searchParams: { patient: 'camille', identifier: `urn:pontlevis:demo|${id}`, _summary: 'count' } })).total === 1,
    read: await opens(() => client.read({ resourceType: 'DocumentReference', id })),
    vread: await opens(() => client.vread({ resourceType: 'DocumentReference', id, version: '1' })),
    history: await opens(() => client.history({ resourceType: 'DocumentReference', id })),
    bytes: await opens(() => client.read({ resourceType: 'Binary', id })),
    'absolute URL of the bytes': await opens(() => client.request(`${demo.fhir}/Binary/${id}`)),
  }
}

/** Asserts that every way of asking says the same. */
async function sees(client, id, want, who) {
  const got = await ways(client, id)
  assert.deepEqual(got, Object.fromEntries(Object.keys(got).map((name) => [name, want])), `${who} and ${id}`)
}

test('dr-roux reads and searches camille\'s record, and sees the masked letter', async () => {
  const { client, answer } = await clientOf('dr-roux')
  const patient = await client.read({ resourceType: 'Patient', id: 'camille' })
  assert.equal(patient.name[0].family, 'Durand')
  assert.ok(ids(await client.search({ resourceType: 'Observation', searchParams: { patient: 'camille', code: 'http://loinc.org|2339-0' } })).length === 3)
  assert.ok(ids(await client.search({ resourceType: 'AllergyIntolerance', searchParams: { patient: 'camille' } })).includes('camille-penicillin'))
  await sees(client, letter, true, 'dr-roux')
  const everything = await client.operation({ name: 'everything', resourceType: 'Patient', id: 'camille', method: 'GET' })
  assert.ok(everything.entry.length > 0)
  assert.match(answer.scope, /user\/\*/)
})

test('pages are followed to the end', async () => {
  const { client } = await clientOf('dr-roux')
  const all = ids(await client.search({ resourceType: 'DocumentReference', searchParams: { patient: 'camille', date: 'ge2000', _count: 100, _sort: 'date' } }))
  const paged = []
  let bundle = await client.search({ resourceType: 'DocumentReference', searchParams: { patient: 'camille', date: 'ge2000', _count: 2, _sort: 'date' } })
  for (; bundle; bundle = await client.nextPage({ bundle })) paged.push(...ids(bundle))
  assert.deepEqual(paged, all)
})

test('a batch is each of its requests alone', async () => {
  const urls = [`DocumentReference/${letter}`, 'DocumentReference/camille-consultation', 'AllergyIntolerance?patient=camille', 'DocumentReference/nothing']
  const body = { resourceType: 'Bundle', type: 'batch', entry: urls.map((url) => ({ request: { method: 'GET', url } })) }
  const statuses = async (key) => (await (await clientOf(key)).client.batch({ body })).entry.map((e) => parseInt(e.response.status, 10))
  assert.deepEqual(await statuses('dr-roux'), [200, 200, 200, 404])
  assert.deepEqual(await statuses('inf-martin'), [404, 200, 200, 404])
})

test('the history of a type and of a record holds nothing of the masked letter', async () => {
  const versions = (bundle) => bundle.entry.map((e) => e.fullUrl.split('/').pop())
  const { client: doctor } = await clientOf('dr-roux')
  const { client: nurse } = await clientOf('inf-martin')
  for (const path of ['DocumentReference/_history?patient=camille&_count=200', '_history?patient=camille&_count=200']) {
    assert.ok(versions(await doctor.request(path)).includes(letter), path)
    const seen = versions(await nurse.request(path))
    assert.ok(seen.length > 0 && !seen.includes(letter), path)
  }
})

test('a conditional create makes one observation, and finds it again', async () => {
  const { client } = await clientOf('dr-roux', { scope: 'openid user/*.cruds' })
  const body = {
    resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
    identifier: [{ system: 'urn:test:clients', value: 'weight-1' }], subject: { reference: 'Patient/camille' },
    performer: [{ reference: 'Practitioner/dr-roux' }], effectiveDateTime: '2026-11-20', valueQuantity: { value: 61, unit: 'kg' },
  }
  const options = { headers: { 'If-None-Exist': 'identifier=urn:test:clients|weight-1' } }
  const made = await client.create({ resourceType: 'Observation', body, options })
  const again = await client.create({ resourceType: 'Observation', body, options })
  assert.ok(made.id && again.id === made.id)
  const last = await client.request('Observation/$lastn?patient=camille&code=http://loinc.org|29463-7')
  assert.ok(ids(last).includes(made.id))
})

test('inf-martin does not see the masked letter, however she asks', async () => {
  const { client } = await clientOf('inf-martin')
  assert.ok(ids(await client.search({ resourceType: 'AllergyIntolerance', searchParams: { patient: 'camille' } })).includes('camille-penicillin'))
  await sees(client, letter, false, 'inf-martin')
  await sees(client, 'camille-consultation', true, 'inf-martin')
})

test('dr-bloque sees nothing', async () => {
  const { client } = await clientOf('dr-bloque')
  await sees(client, letter, false, 'dr-bloque')
  await sees(client, 'camille-consultation', false, 'dr-bloque')
  for (const resourceType of ['AllergyIntolerance', 'Condition', 'Observation', 'MedicationRequest', 'Immunization', 'CareTeam', 'Consent']) {
    assert.deepEqual(ids(await client.search({ resourceType, searchParams: { patient: 'camille' } })), [], resourceType)
  }
  await assert.rejects(client.read({ resourceType: 'Patient', id: 'camille' }), (e) => e.response.status === 404)
})

test('dr-bloque does not find camille at sign-in either', async () => {
  const { page } = await tokens('dr-bloque', { scope: 'openid launch/patient patient/*.rs', patient: 'camille' })
  assert.equal(page.status, 422)
})

test('camille sees everything but the pending announcement', async () => {
  const { client, answer } = await clientOf('camille', { scope: 'openid launch/patient patient/*.rs' })
  assert.equal(answer.patient, 'camille')
  await sees(client, letter, true, 'camille')
  await sees(client, 'camille-imaging', true, 'camille')
  await sees(client, announcement, false, 'camille')
  const { client: nurse } = await clientOf('inf-martin')
  await sees(nurse, announcement, true, 'inf-martin')
})

test('camille acts for lucas when she chooses him, and then for nobody else', async () => {
  const { client, answer } = await clientOf('camille', { scope: 'openid launch/patient patient/*.rs', acts: 'lucas' })
  assert.equal(answer.patient, 'lucas')
  await client.read({ resourceType: 'DocumentReference', id: 'lucas-sport' })
  for (const id of ['lucas-confidential', 'camille-consultation']) {
    await assert.rejects(client.read({ resourceType: 'DocumentReference', id }), (e) => e.response.status === 404)
  }
})

test('a choice that was not offered is not taken', async () => {
  const { page } = await tokens('camille', { scope: 'openid launch/patient patient/*.rs', acts: 'jeanne' })
  assert.ok(page.status >= 400)
})

test('whoever refuses on the page gives the app nothing', async () => {
  await assert.rejects(tokens('camille', { scope: 'openid launch/patient patient/*.rs', decision: 'refuse' }), (e) => e.error === 'access_denied')
})

test('a wrong password opens nothing', async () => {
  const { page } = await tokens('camille', { password: 'not hers' })
  assert.ok(page.status >= 400)
  assert.match(page.html, /name="password"/)
})

test('a revoked token reads nothing more', async () => {
  const { client, answer } = await clientOf('dr-roux')
  await client.read({ resourceType: 'Patient', id: 'camille' })
  await openid.tokenRevocation(await configuration(), answer.access_token)
  await assert.rejects(client.read({ resourceType: 'Patient', id: 'camille' }), (e) => e.response.status === 401)
})

test('a refresh token is renewed, and the old one is worth nothing', async () => {
  const config = await configuration()
  const { answer } = await clientOf('dr-roux', { scope: 'openid offline_access user/*.rs' })
  assert.ok(answer.refresh_token)
  const next = await openid.refreshTokenGrant(config, answer.refresh_token)
  assert.notEqual(next.refresh_token, answer.refresh_token)
  const client = new Client({ baseUrl: demo.fhir, bearerToken: next.access_token })
  await client.read({ resourceType: 'Patient', id: 'camille' })
  await openid.refreshTokenGrant(config, next.refresh_token)
  await assert.rejects(openid.refreshTokenGrant(config, answer.refresh_token), (e) => e.error === 'invalid_grant')
})
