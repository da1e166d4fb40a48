// The whole way of an app, in a real browser: its publisher asks for a label, the authority judges and two of it sign, one of them
// away from the desk; a patient finds and connects it, and it reads; a narrower version takes its place; a patient complains and is
// answered; the authority suspends, then recalls, and the next read is refused. Each page of the desks is looked at on the way.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { enter } from './people.mjs'
import { App, base, rehearse, signUp, text, write } from './publisher.mjs'

const program = process.env.PONTLEVIS_BINARY
const keys = join(process.env.PONTLEVIS_DATA, 'authority')
const folder = mkdtempSync(join(tmpdir(), 'pontlevis-way-'))
const pictures = Boolean(process.env.PONTLEVIS_SCREENSHOTS)
const id = 'mes-courbes'
const wrong = []
let chromium, app, vendor, authority

before(async () => {
  app = await App.start()
  chromium = await Chromium.start()
})
after(async () => {
  await chromium?.close()
  app?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A part of the way, which none goes who did not go the one before. */
let stopped = false
const chain = (name, go) => test(name, async (t) => {
  if (stopped) return t.skip('the way ended before')
  stopped = true
  await go(t)
  stopped = false
})

const run = (...args) => execFileSync(program, ['label', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const file = (name) => join(folder, name)

/** Looks at a page as it stands: on one kind of screen, on both when pictures are taken. */
let looks = 0
async function looked(page, name) {
  const all = pictures ? [...screens].reverse() : [screens[looks++ % 2]]
  for (const screen of all) {
    await show(page, screen)
    wrong.push(...await findings(page, `way-${name}-${screen.width}`))
  }
}

/** Takes what a link of the page leads to as a file, as whoever is signed in there. */
async function take(page, selector, name) {
  const address = await page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.href ?? location.href + document.body.innerText`)
  const { cookies } = await page.send('Network.getCookies', { urls: [address] })
  const answer = await fetch(address, { headers: { cookie: cookies.map((c) => `${c.name}=${c.value}`).join('; ') } })
  assert.equal(answer.status, 200, address)
  writeFileSync(file(name), await answer.text())
  return file(name)
}

const choose = (page, selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)

/** Takes a step of the authority's on the page of a version. */
async function step(name, fr, en) {
  await choose(authority, `input[name=step][value=${name}]`)
  if (fr) {
    await authority.fill('#step-fr', fr)
    await authority.fill('#step-en', en)
  }
  await authority.click('section[aria-labelledby=steps] button.primary')
  assert.equal(await authority.evaluate('document.querySelector(".notice.good") !== null'), true, await text(authority))
}

/** The publisher signs the newest version where its key is, and brings the file to its desk. */
async function publish(version) {
  await vendor.open(`${base}/vendor/apps/${id}`)
  const bytes = await take(vendor, `a[href$="/versions/${version}"]`, `${id}-${version}.json`)
  run('publish', '--key', file('publisher.key'), bytes, '-o', file('publication.json'))
  await vendor.fill('#key', readFileSync(file('publisher.pub'), 'utf8'))
  await vendor.attach('#envelope-file', file('publication.json'))
  await vendor.click('section[aria-labelledby=signature] button')
  assert.match(await text(vendor), /reçue/)
}

/** The other of the two signs what waits, at the desk, and carries it out. */
async function second(what) {
  const page = await enter(chromium, 'label-authority-2', '/label', { lang: 'fr', screen: screens[0] })
  await page.open(`${base}/label/app/${id}`)
  await page.click('section[aria-labelledby=acts] a')
  await page.click('section[aria-labelledby=sign] button.primary')
  await looked(page, `act-${what}-signed`)
  await page.click('section[aria-labelledby=sign] button.primary')
  assert.match(await text(page), /Fait|fait/, await text(page))
  await page.close()
}

/** Takes a version from the queue to the air. */
async function label(version, offline) {
  await authority.open(`${base}/label`)
  await looked(authority, `desk-${version}`)
  await authority.click(`a[href="/label/app/${id}/${version}"]`)
  await looked(authority, `version-${version}`)
  await step('evaluate')
  await step('favour')
  await vendor.open(`${base}/vendor/apps/${id}`)
  await vendor.click('button[value=agree]') // its criteria are all met: the machine takes the connection tests
  await publish(version)
  await authority.open(`${base}/label/app/${id}/${version}`)
  await looked(authority, `tested-${version}`)
  await authority.fill('#review', `EV-${version}`)
  await authority.click('section[aria-labelledby=issue] button.primary')
  if (offline) {
    await choose(authority, 'section[aria-labelledby=sign] details summary')
    await looked(authority, 'act-offline')
    const envelope = await take(authority, 'a[href$="/envelope"]', 'label.json')
    run('sign', '--key', join(keys, 'label-authority.pem'), envelope, '-o', file('signed.json'))
    await authority.attach('#envelope-file', file('signed.json'))
    await authority.click('section[aria-labelledby=sign] details button')
  } else {
    await authority.click('section[aria-labelledby=sign] button.primary')
  }
  assert.match(await text(authority), /1 (sur|of) 2/)
  await second(`issue-${version}`)
}

/** Opens the app's own address as camille does, who agrees. */
async function connect(page) {
  await page.open(app.address('launch/patient patient/Observation.rs patient/Patient.rs'))
  if (await page.evaluate('Boolean(document.querySelector("#login"))')) {
    await page.fill('#login', person('camille').login)
    await page.fill('#password', person('camille').password)
    await page.click('input[name=step][value=sign-in] ~ button')
  }
  await looked(page, 'consent')
  await page.click('button[name=decision][value=allow]')
  await app.back(await page.evaluate('location.href'))
  assert.equal(app.patient, 'camille')
}

const storefront = async (page) => {
  await page.open(`${base}/catalog/${id}`)
  return text(page)
}

chain('from an account to a label, by both desks', async () => {
  vendor = await chromium.page({ lang: 'fr', script: false })
  await show(vendor, screens[0])
  await signUp(vendor, 'ada@courbes.example', 'Courbes SAS')
  await vendor.fill('#id', id)
  await vendor.fill('#fr', 'Mes courbes')
  await vendor.fill('#en', 'My curves')
  await vendor.click('form[action="/vendor/new"] button[type=submit]')
  await write(vendor, id, (m) => ({ ...m, smart: { ...m.smart, redirect_uris: [...m.smart.redirect_uris, `${app.home}/callback`] } }))
  await vendor.open(`${base}/vendor/apps/${id}/manifest`)
  await looked(vendor, 'manifest')
  await rehearse(vendor, id)
  await looked(vendor, 'criteria')
  await vendor.click('button[value=submit]')
  assert.match(await text(vendor), /Place dans la file/)
  await looked(vendor, 'queued')
  await app.register(readFileSync(await take(vendor, 'a[href$="/statement"]', 'statement.jwt'), 'utf8'))
  writeFileSync(file('publisher.pub'), run('keys', 'new', file('publisher.key')).match(/ed25519:\S+/)[0])
  authority = await enter(chromium, 'label-authority', '/label', { lang: 'fr', screen: screens[1] })
  await label('0.1.0', true)
  await vendor.open(`${base}/vendor/apps/${id}`)
  assert.match(await text(vendor), /en ligne/)
  await looked(vendor, 'online')
  assert.deepEqual(wrong, [])
})

chain('a patient finds it, looks at the proof of its label, connects it, and it reads', async () => {
  const page = await chromium.page({ lang: 'fr', script: false })
  await show(page, screens[0])
  await page.open(`${base}/catalog`)
  await page.fill('#q', 'courbes')
  await page.click('main form button[type=submit]')
  await page.click(`.cards a[href="/catalog/${id}"]`)
  assert.match(await text(page), /Label en cours/)
  await looked(page, 'storefront')
  const proof = JSON.parse(readFileSync(await take(page, 'section[aria-labelledby=label] a[href*="/proof/"]', 'proof.json'), 'utf8'))
  writeFileSync(file('log.key'), await (await fetch(`${base}/catalog/log/key`)).text())
  assert.match(run('verify', '--proof', file('proof.json'), '--key', readFileSync(file('log.key'), 'utf8').trim()), new RegExp(id), JSON.stringify(proof).slice(0, 300))
  await connect(page)
  const measures = await app.read('Observation?patient=camille')
  assert.equal(measures.status, 200, JSON.stringify(measures.body))
  assert.ok(measures.body.entry.some((e) => e.resource?.resourceType === 'Observation'), JSON.stringify(measures.body))
  assert.equal((await app.read('Patient/camille')).status, 200)
  const shown = await storefront(page)
  assert.match(shown, /Connectée/)
  await looked(page, 'connected')
  await page.close()
  assert.deepEqual(wrong, [])
})

chain('a narrower version takes its place, and reads no more than it says', async () => {
  await write(vendor, id, (m) => ({ ...m, version: '0.2.0', data: m.data.filter((n) => n.category !== 'Patient') }))
  await rehearse(vendor, id)
  await vendor.click('button[value=submit]')
  await label('0.2.0', false)
  assert.equal((await app.read('Observation?patient=camille')).status, 200, 'the update cut what both versions declare')
  assert.equal((await app.read('Patient/camille')).status, 403, 'it still reads what it declares no more')
  assert.deepEqual(wrong, [])
})

chain('a complaint is answered by the publisher, and closed by the authority', async () => {
  const page = await enter(chromium, 'camille', '/space', { lang: 'fr', screen: screens[0] })
  await storefront(page)
  await page.fill('#text', 'Elle m’a demandé de l’argent.')
  await page.click('section[aria-labelledby=complain] button')
  await page.close()
  await vendor.open(`${base}/vendor/apps/${id}`)
  assert.match(await text(vendor), /demandé de l’argent/)
  assert.doesNotMatch(await text(vendor), /Camille|Durand/, 'the publisher is told who complains')
  await vendor.fill('section[aria-labelledby=complaints] textarea', 'L’écran de don est ôté.')
  await looked(vendor, 'complaint')
  await vendor.click('section[aria-labelledby=complaints] button')
  await authority.open(`${base}/label/app/${id}`)
  assert.match(await text(authority), /L’écran de don est ôté/)
  await choose(authority, 'input[name=outcome][value=upheld]')
  await authority.fill('article [name=fr]', 'L’écran était là.')
  await authority.fill('article [name=en]', 'The screen was there.')
  await looked(authority, 'complaint-verdict')
  await authority.click('section[aria-labelledby=complaints] form button')
  await vendor.open(`${base}/vendor/apps/${id}`)
  assert.match(await text(vendor), /L’écran était là/)
  await vendor.click(`a[href$="/figures"]`)
  const figures = await text(vendor)
  assert.match(figures, /Mesures, lire\s+oui\s+très peu\s+très peu/, figures)
  assert.match(figures, /Identité, lire\s+par une version précédente/, figures)
  assert.match(figures, /1 · clos/, figures)
  await looked(vendor, 'figures')
  assert.deepEqual(wrong, [])
})

chain('a suspension, then a recall: the storefront says so, and the next read is refused', async () => {
  const page = await chromium.page({ lang: 'fr', script: false })
  const prepare = async (what) => {
    await authority.open(`${base}/label/app/${id}`)
    await authority.fill(`section[aria-labelledby=${what}] [name=fr]`, 'Une faille a été trouvée.')
    await authority.fill(`section[aria-labelledby=${what}] [name=en]`, 'A flaw was found.')
    await authority.click(`section[aria-labelledby=${what}] button`)
    await authority.click('section[aria-labelledby=acts] a')
    await authority.click('section[aria-labelledby=sign] button.primary')
  }
  const refused = async (words) => {
    assert.match(await storefront(page), words)
    const { status, body } = await app.read('Observation?patient=camille')
    assert.ok(status === 401 || status === 403, `${status} ${JSON.stringify(body)}`)
  }
  await prepare('suspend')
  await looked(authority, 'act-suspend')
  await authority.click('section[aria-labelledby=sign] button.primary')
  await refused(/Suspendue/)
  await prepare('revoke')
  await second('revoke')
  await refused(/Label retiré/)
  await looked(page, 'storefront-recalled')
  await page.close()
  await authority.open(`${base}/label/app/${id}`)
  await looked(authority, 'app-recalled')
  await vendor.open(`${base}/vendor/apps/${id}`)
  assert.match(await text(vendor), /Une faille a été trouvée/)
  await looked(vendor, 'recalled')
  assert.deepEqual(wrong, [])
})
