// The emergency card in a real browser, against a running demo: made, printed and revoked by its person, scanned by a professional
// who is not signed in yet, typed by one who has no camera, and its copy opened with the network switched off; with scripts and
// without, by keyboard alone; each state under axe-core, in both languages, on a phone and on a desk, by day and by night.
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { go, leave, pressEnter, tabTo, type } from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
const folder = mkdtempSync(join(tmpdir(), 'pontlevis-card-'))
before(async () => { chromium = await Chromium.start() })
after(async () => {
  await chromium?.close()
  rmSync(folder, { recursive: true, force: true })
})

const phone = screens[0]
const text = (page, selector = 'main') => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`)
const secret = (page) => page.evaluate('document.querySelector(".secret").textContent')

/** What a state is looked at on: the two languages together are a phone and a desk, each by day and by night. */
const sights = {
  fr: screens,
  en: [{ width: 1280, scheme: 'light' }, { width: 390, scheme: 'dark' }],
}

/** axe-core's findings in one language on its screens; afterwards the page is a phone's again, and scripts run or not. */
async function looked(page, name, lang, script = true) {
  const wrong = []
  for (const screen of sights[lang]) {
    await show(page, screen)
    wrong.push(...await findings(page, `${name} ${lang} ${screen.width}`))
  }
  await show(page, phone)
  await page.script(script)
  return wrong
}

/** Makes a card of camille's; the page that shows it. */
async function makeCard(lang) {
  const page = await enter(chromium, 'camille', '/space/card', { lang, screen: phone })
  await page.click('form[action="/space/card"] button')
  return page
}

for (const lang of ['fr', 'en']) {
  test(`a card is scanned before signing in, in ${lang}`, async () => {
    const made = await makeCard(lang)
    const code = (await secret(made)).replaceAll(' ', '')
    const page = await chromium.page({ lang })
    await show(page, phone)
    const wrong = []
    await page.open(`${demo.issuer}/emergency/card#${code}`)
    assert.match(await text(page), lang === 'fr' ? /appelez le 15 ou le 112/ : /call 15 or 112/)
    assert.equal(await page.evaluate('location.hash'), '', 'the code stays in the address')
    wrong.push(...await looked(page, 'card found', lang))
    await page.click('a.go')
    assert.doesNotMatch(await page.evaluate('location.href'), new RegExp(code))
    await page.fill('#login', person('dr-urgence').login)
    await page.fill('#password', person('dr-urgence').password)
    await page.click('input[name=step][value=sign-in] ~ button')
    await page.until('document.querySelector("dl.set") && document.readyState === "complete"')
    const shown = await text(page)
    assert.match(shown, lang === 'fr' ? /Carte d’urgence de Camille[^]*Cet usage est inscrit/ : /Emergency card of Camille[^]*This use is logged/)
    assert.match(shown, /Insuline glargine/)
    assert.equal(await page.evaluate('location.pathname + location.search + location.hash'), '/emergency/card')
    assert.equal(await page.evaluate('sessionStorage.length'), 0, 'the code is still kept')
    wrong.push(...await looked(page, 'card vital', lang))
    await page.open(`${demo.issuer}/emergency/card`)
    wrong.push(...await looked(page, 'card code', lang))
    await made.click('button.danger')
    await page.evaluate(`void (location.hash = '${code}')`) // scanned again while the page is open
    await page.until('document.querySelector("[role=alert]") && document.readyState === "complete"')
    assert.match(await text(page), lang === 'fr' ? /Cette carte n’ouvre rien/ : /This card opens nothing/)
    wrong.push(...await looked(page, 'card none', lang))
    await Promise.all([page.close(), made.close()])
    assert.deepEqual(wrong, [])
  })
}

const says = {
  fr: { active: /faite le/, revoked: /n’ouvre plus rien/, none: /Cette carte n’ouvre rien/, wait: /Trop d/, people: /professionnel/, script: /scripts/ },
  en: { active: /made on/, revoked: /opens nothing any more/, none: /This card opens nothing/, wait: /Too many/, people: /professional/, script: /scripts/ },
}

for (const lang of ['fr', 'en']) {
  test(`what a card's person and who has no way in see, in ${lang}`, async () => {
    const wrong = []
    const page = await makeCard(lang)
    const card = await page.evaluate('location.pathname')
    wrong.push(...await looked(page, 'card made', lang, false))
    await page.open(`${demo.base}/space/card`)
    assert.match(await text(page), says[lang].active)
    wrong.push(...await looked(page, 'card list', lang, false))
    await page.click(`form[action="${card}"] button`)
    assert.match(await text(page), says[lang].revoked)
    wrong.push(...await looked(page, 'card list revoked', lang, false))
    await page.open(demo.base + card)
    assert.match(await text(page), says[lang].revoked)
    assert.equal(await page.evaluate('document.querySelectorAll("main .secret, main svg, main form").length'), 0, 'a revoked card still shows its code')
    wrong.push(...await looked(page, 'card revoked', lang, false))
    for (const path of [`${card}/copy`, '/space/card/nothing']) { // no copy of a revoked card, and no card
      await page.open(demo.base + path)
      assert.ok(await page.evaluate('Boolean(document.querySelector("h1"))'))
      wrong.push(...await looked(page, 'card of nobody', lang, false))
    }
    await page.open(`${demo.base}/emergency/card`)
    assert.match(await text(page), says[lang].people)
    wrong.push(...await looked(page, 'card by a patient', lang, false))
    await page.open(`${demo.base}/emergency/card/offline`)
    assert.match(await text(page), says[lang].script)
    wrong.push(...await looked(page, 'card offline without scripts', lang, false))
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

test('codes are not guessed at length', async () => {
  const wrong = []
  const page = await enter(chromium, 'dr-benali', '/emergency/card/use', { lang: 'fr', screen: phone })
  const tried = async () => {
    await page.fill('#code', 'ABCD EFGH')
    await page.click('#card button')
    return text(page)
  }
  for (let tries = 0; !says.fr.wait.test(await tried()); tries++) assert.ok(tries < 30, 'nothing bounds the tries')
  wrong.push(...await looked(page, 'card wait', 'fr', false))
  await page.speak('en')
  assert.match(await tried(), says.en.wait)
  wrong.push(...await looked(page, 'card wait', 'en', false))
  await page.close()
  assert.deepEqual(wrong, [])
})

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The bytes of a key as it is printed. */
function keyOf(printed) {
  const bits = [...printed.replaceAll(' ', '')].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
}

/** The same file with its signed text altered by somebody who has the key. */
function altered(file, key) {
  const parts = file.split('.')
  const open = createDecipheriv('aes-256-gcm', key, Buffer.from(parts[2], 'base64url')).setAAD(Buffer.from(parts[0])).setAuthTag(Buffer.from(parts[4], 'base64url'))
  const held = JSON.parse(Buffer.concat([open.update(Buffer.from(parts[3], 'base64url')), open.final()]).toString())
  const card = held.verifiableCredential[0].split('.')
  card[1] = Buffer.from(Buffer.from(card[1], 'base64url').toString().replace('Insuline', 'Morphine')).toString('base64url')
  const iv = randomBytes(12)
  const shut = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(parts[0]))
  const body = Buffer.concat([shut.update(JSON.stringify({ verifiableCredential: [card.join('.')] })), shut.final()])
  return [parts[0], '', iv.toString('base64url'), body.toString('base64url'), shut.getAuthTag().toString('base64url')].join('.')
}

/** Chooses a file in the page. */
async function choose(page, content) {
  const path = join(folder, `${randomBytes(6).toString('hex')}.jwe`)
  writeFileSync(path, content)
  const { root } = await page.send('DOM.getDocument')
  const { nodeId } = await page.send('DOM.querySelector', { nodeId: root.nodeId, selector: '#file' })
  await page.send('DOM.setFileInputFiles', { nodeId, files: [path] })
}

const none = { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 }

/** Takes the network from a page and from what serves it when there is none. */
async function offline(page) {
  await page.send('Network.emulateOfflineConditions', none).catch(() => undefined)
  await page.send('Network.emulateNetworkConditions', none)
  const { targetInfos } = await chromium.send('Target.getTargets')
  const workers = targetInfos.filter((t) => t.type === 'service_worker' && t.url.includes('offline-worker'))
  assert.ok(workers.length > 0, 'no service worker')
  for (const { targetId } of workers) {
    const { sessionId } = await chromium.send('Target.attachToTarget', { targetId, flatten: true })
    await chromium.send('Network.enable', {}, sessionId)
    await chromium.send('Network.emulateNetworkConditions', none, sessionId)
  }
}

const words = {
  fr: { verified: /Signature vérifiée/, shut: /ne s’ouvre pas/, key: /Ce n’est pas une clé/, file: /n’est pas une copie/, changed: /a été modifiée/, unverified: /Signature non vérifiée/, expired: /Copie périmée/ },
  en: { verified: /Signature verified/, shut: /does not open/, key: /This is no key/, file: /is no copy/, changed: /was changed/, unverified: /Signature not verified/, expired: /Expired copy/ },
}

for (const lang of ['fr', 'en']) {
  test(`a copy is opened without network, in ${lang}`, async () => {
    const wrong = []
    const made = await makeCard(lang)
    await made.click('a[href*="/copy"]')
    assert.match(await text(made), lang === 'fr' ? /ne se révoque pas/ : /cannot be revoked/)
    wrong.push(...await looked(made, 'card copy', lang, false))
    await made.click('button.primary')
    wrong.push(...await looked(made, 'card copied', lang, false))
    const file = Buffer.from((await made.evaluate('document.querySelector("a[download]").getAttribute("href")')).split(',')[1], 'base64').toString()
    const printed = await secret(made)
    const key = keyOf(printed)
    await made.close()

    const page = await chromium.page({ lang })
    await show(page, phone)
    const at = `${demo.issuer}/emergency/card/offline`
    await page.open(at)
    await page.until('!document.getElementById("kept").hidden')
    wrong.push(...await looked(page, 'card offline', lang))
    await offline(page)
    const link = Buffer.from(JSON.stringify({ key: key.toString('base64url') })).toString('base64url')
    await page.open(`${at}?lang=${lang}#shlink:/${link}`)
    assert.equal(await page.evaluate('fetch("/healthz").then(() => "reached", () => "no network")'), 'no network')
    assert.equal(await page.evaluate('document.documentElement.lang'), lang)
    assert.equal(await page.evaluate('location.hash'), '', 'the key stays in the address')

    const opens = async (says, content, typed) => {
      await choose(page, content)
      if (typed !== undefined) await page.fill('#key', typed)
      await page.evaluate('document.querySelectorAll("[data-says]").forEach((e) => { e.hidden = true }); document.querySelector("#open button").click()')
      await page.until(`!document.querySelector('[data-says=${says}]').hidden`)
      assert.match(await text(page), words[lang][says])
      return page.evaluate('document.getElementById("shown").hidden ? "" : document.getElementById("shown").innerText')
    }
    const whole = await opens('verified', file)
    assert.match(whole, /Camille Durand[^]*Insuline glargine[^]*O Rh positif[^]*Karim Haddad/)
    assert.match(whole, lang === 'fr' ? /Pénicilline sévère/ : /Pénicilline severe/)
    wrong.push(...await looked(page, 'card offline verified', lang))
    assert.equal(await opens('verified', file, printed.toLowerCase()), whole, 'typed in small letters')
    const at3 = file.lastIndexOf('.') - 20
    assert.equal(await opens('shut', file.slice(0, at3) + (file[at3] === 'A' ? 'B' : 'A') + file.slice(at3 + 1)), '', 'a tampered file')
    wrong.push(...await looked(page, 'card offline shut', lang))
    assert.equal(await opens('shut', file, letters.slice(0, 26).repeat(2)), '', 'another key')
    assert.equal(await opens('key', file, 'ABCD'), '')
    wrong.push(...await looked(page, 'card offline no key', lang))
    assert.equal(await opens('file', 'a letter', printed), '')
    wrong.push(...await looked(page, 'card offline no copy', lang))
    assert.equal(await opens('changed', altered(file, key), printed), '', 'a copy altered by who has the key')
    wrong.push(...await looked(page, 'card offline changed', lang))
    await page.evaluate('Date.now = () => new Date("2099-01-01").getTime()')
    assert.match(await opens('expired', file, printed), /Insuline glargine/)
    wrong.push(...await looked(page, 'card offline expired', lang))
    await page.evaluate(`document.getElementById('open').dataset.keys = '{"keys":[]}'`)
    assert.match(await opens('unverified', file, printed), /Insuline glargine/)
    wrong.push(...await looked(page, 'card offline unverified', lang))
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

/** What the page would be on paper: how many sheets. */
async function sheets(page) {
  const { data } = await page.send('Page.printToPDF', { paperWidth: 8.27, paperHeight: 11.69 })
  return Buffer.from(data, 'base64').toString('latin1').match(/\/Type\s*\/Page\b/g).length
}

/** Presses Enter on a link that saves a file; what was saved. */
async function saved(page, selector) {
  const kept = mkdtempSync(join(folder, 'kept-'))
  await page.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: kept })
  await tabTo(page, selector)
  await pressEnter(page)
  for (let tries = 0; tries < 200; tries++, await wait(50)) {
    const [name] = readdirSync(kept).filter((file) => file.endsWith('.jwe'))
    if (name && existsSync(join(kept, name))) return readFileSync(join(kept, name), 'utf8')
  }
  return assert.fail('no file was saved')
}

for (const [lang, screen] of [['fr', screens[0]], ['en', screens[1]]]) {
  test(`by keyboard alone: a card is made, printed, typed, copied, and revoked, in ${lang}, ${screen.width} wide`, async () => {
    const page = await enter(chromium, 'camille', '/space/card', { lang, screen })
    await go(page, 'form[action="/space/card"] button')
    const [card, code] = [await page.evaluate('location.pathname'), await secret(page)]
    assert.equal(await sheets(page), 1, 'a card is one sheet')
    const reader = await enter(chromium, 'dr-urgence', '/emergency/card/use', { lang, screen })
    await type(reader, '#code', code)
    await leave(reader)
    assert.match(await text(reader), /Insuline glargine/)

    await go(page, `a[href="${card}/copy"]`)
    await page.script(true) // the page that opens copies is the only one of these that needs them
    await go(page, 'main form button.primary')
    const printed = await secret(page)
    assert.equal(await sheets(page), 1, 'a key is one sheet')
    const file = await saved(page, 'a[download]')
    await go(page, 'a[href="/emergency/card/offline"]')
    await page.until('!document.getElementById("open").hidden')
    await tabTo(page, '#file') // the dialog that Enter opens here is the system's own
    await choose(page, file)
    await type(page, '#key', printed)
    await tabTo(page, '#open button')
    await pressEnter(page)
    await page.until('!document.querySelector("[data-says=verified]").hidden')
    assert.match(await text(page, '#shown'), /Insuline glargine/)
    assert.equal(await page.evaluate('document.activeElement.id'), 'who', 'the focus is not led to what was opened')

    await page.open(`${demo.base}/space/card`)
    await go(page, `a[href="${card}"]`)
    await go(page, 'button.danger')
    assert.match(await text(page), says[lang].revoked)
    await reader.open(`${demo.base}/emergency/card`)
    await type(reader, '#code', code)
    await leave(reader)
    assert.match(await text(reader), says[lang].none)
    await Promise.all([page.close(), reader.close()])
  })
}
