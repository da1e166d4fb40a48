// A new vendor, who knows nothing but the page in front: from the storefront to a first permitted read and a deliberate
// refusal with its remedy (issue 6, acceptance 1), and on to a request for a label. Clicks and seconds are counted.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { base, password, ready, signUp, tryAs } from './publisher.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const words = {
  fr: { publish: 'Publier une application', signup: 'Ouvrir un compte d’éditeur', good: 'Première lecture permise', bad: 'Un refus voulu', remedy: 'Que faire' },
  en: { publish: 'Publish an app', signup: 'Make a publisher’s account', good: 'First permitted read', bad: 'A deliberate refusal', remedy: 'What to do?' },
}

/** A browser that counts what a person does, and looks at each page on the way. */
class Newcomer {
  constructor(page, lang, look) {
    Object.assign(this, { page, lang, look, clicks: 0, typed: 0, began: Date.now(), wrong: [] })
  }

  text() { return this.page.evaluate('document.body.innerText') }

  async looked(name) {
    if (this.look) this.wrong.push(...await findings(this.page, `vendor-${name}-${this.lang}-${this.look.width}`))
  }

  /** Follows the link that says some words. */
  async follow(says) {
    this.clicks++
    await this.page.evaluate(`document.querySelectorAll('[data-next]').forEach((e) => e.removeAttribute('data-next'))`)
    const there = await this.page.evaluate(`(() => { const a = [...document.querySelectorAll('main a')].find((a) => a.innerText.trim() === ${JSON.stringify(says)}); a?.setAttribute('data-next', ''); return Boolean(a) })()`)
    assert.ok(there, `no link says ${says}: ${await this.text()}`)
    await this.page.click('[data-next]')
  }

  async press(selector) {
    this.clicks++
    await this.page.click(selector)
  }

  async type(selector, value) {
    this.typed++
    await this.page.fill(selector, value)
  }

  /** What the page shows as code beside some words: what a person copies. */
  code(selector) { return this.page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText.trim()`) }

  /** Signs in at the rehearsal as somebody whose login and password the page gave, and agrees. */
  async enters(login, password) {
    const signIn = await this.page.evaluate('Boolean(document.querySelector("#login"))')
    if (signIn) {
      if (await this.page.evaluate('document.querySelector("#login").value') !== login) await this.type('#login', login)
      await this.type('#password', password)
      await this.press('input[name=step][value=sign-in] ~ button')
    }
  }
}

async function newcomer(how) {
  const page = await chromium.page({ lang: how.lang, script: how.script })
  if (how.look) await show(page, how.look)
  return new Newcomer(page, how.lang, how.look)
}

let people = 0

/** From the storefront to the read and the refusal, by the page alone. */
async function arrive(how) {
  const n = await newcomer(how)
  const say = words[how.lang]
  const mine = `${how.lang}${how.script ? 'js' : 'plain'}${++people}`
  await n.page.open(`${base}/catalog`)
  n.began = Date.now()
  await n.follow(say.publish)
  await n.looked('front')
  await n.follow(say.signup)
  await n.looked('signup')
  await n.type('#name', 'Ada Lenoir')
  await n.type('#mail', `ada@${mine}.example`)
  await n.type('#company', 'Courbes SAS')
  await n.type('#password', password)
  await n.type('#again', password)
  await n.press('main form button[type=submit]')
  await n.looked('new')
  await n.type('#id', `courbes-${mine}`)
  await n.type('#fr', 'Mes courbes')
  await n.type('#en', 'My curves')
  await n.press('form[action="/vendor/new"] button[type=submit]')
  await n.looked('app')
  await n.press('button[value=rehearse]')
  await n.looked('rehearsal')
  n.cast = await n.page.evaluate(`[...document.querySelectorAll('table tbody tr td:nth-child(2) code')].map((e) => e.innerText)`)
  n.password = await n.code('#rehearsal ~ dl div:last-child code')
  assert.equal(n.cast.length, 5, await n.text())
  await n.press('button[value=try]')
  assert.notEqual(await n.page.evaluate('location.origin'), base, 'the try does not lead to the rehearsal')
  await n.enters(n.cast[0], n.password)
  await n.press('button[name=decision][value=allow]')
  assert.equal(await n.page.evaluate('location.origin + location.pathname'), `${base}/vendor/apps/courbes-${mine}`, await n.text())
  assert.equal(await n.page.evaluate('location.search'), '', 'something of the sign-in is in the address')
  const seen = await n.text()
  n.seconds = (Date.now() - n.began) / 1000
  for (const said of [say.good, say.bad, say.remedy, 'GET /fhir/Observation?patient=', 'GET /fhir/DocumentReference?patient=']) assert.ok(seen.includes(said), `${said}: ${seen}`)
  const statuses = await n.page.evaluate(`[...document.querySelectorAll('section[aria-labelledby=tried] .badge')].map((e) => e.innerText)`)
  assert.deepEqual(statuses, ['200', '403'], seen)
  assert.ok((await n.page.evaluate(`document.querySelector('.outcome').innerText`)).length > 20, 'the refusal says nothing')
  await n.looked('tried')
  return n
}

for (const lang of ['fr', 'en']) {
  for (const script of [false, true]) {
    test(`from the storefront to a read and a refusal, ${lang}, ${script ? 'with' : 'without'} scripts`, async (t) => {
      const n = await arrive({ lang, script, look: script ? undefined : screens[lang === 'fr' ? 0 : 1] })
      t.diagnostic(`${n.clicks} clicks, ${n.typed} fields, ${n.seconds.toFixed(1)} s`)
      assert.ok(n.clicks <= 12, `${n.clicks} clicks`)
      assert.ok(n.seconds < 300, `${n.seconds} s`)
      if (!script && lang === 'fr') await submits(n)
      if (script && lang === 'fr') await commands(n)
      if (script) await edits(n)
      await n.page.close()
      assert.deepEqual(n.wrong, [])
    })
  }
}

test('a professional of the rehearsal chooses the patient', async () => {
  const n = await newcomer({ lang: 'en', script: false })
  await signUp(n.page, `ada@pro${++people}.example`, 'Courbes SAS')
  await n.page.evaluate(`document.querySelector('#preset-professional').click()`)
  await n.type('#id', `pro-${people}`)
  await n.type('#fr', 'Mes patients')
  await n.page.click('form[action="/vendor/new"] button[type=submit]')
  await n.page.click('button[value=rehearse]')
  const secret = await n.code('#rehearsal ~ dl div:last-child code')
  const ins = await n.page.evaluate(`document.querySelector('section[aria-labelledby=tried] .notice.info br + code, section[aria-labelledby=tried] .notice.info code:last-child').innerText`)
  await n.page.click('button[value=try]')
  await n.type('#password', secret)
  await n.page.click('input[name=step][value=sign-in] ~ button')
  await chooses(n, ins)
  await n.page.click('button[name=decision][value=allow]')
  const seen = await n.text()
  assert.ok(seen.includes(words.en.good) && seen.includes(words.en.bad), seen)
  assert.deepEqual(await n.page.evaluate(`[...document.querySelectorAll('section[aria-labelledby=tried] .badge')].map((e) => e.innerText)`), ['200', '403'], seen)
  await n.page.close()
})

/** Opens the record of the patient whose number the page gave. */
async function chooses(n, ins) {
  const field = await n.page.evaluate(`document.querySelector('main input[type=text]')?.id`)
  if (!field) return
  await n.type(`#${field}`, ins)
  await n.page.click(`#${field} ~ button, form:has(#${field}) button[type=submit]`)
}

/** The commands that the page gives do what the page did, once each. */
async function commands(n) {
  const all = await n.page.evaluate(`[...document.querySelectorAll('pre code')].map((e) => e.textContent).filter((c) => c.startsWith('curl'))`)
  assert.equal(all.length, 2)
  const status = (command) => execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().match(/^HTTP\/\S+ (\d+)/)[1]
  assert.deepEqual(all.map(status), ['200', '403'])
  assert.equal(status(all[0]), '401', 'a proof is good twice')
}

/** On to the request: the person who refuses, the one who leaves, and every criterion met. */
async function submits(n) {
  await tryAs(n.page, 'refuses', n.password, 'refuse')
  for (let k = 0; k < 3; k++) await tryAs(n.page, 'leaves', n.password, 'allow')
  await ready(n.page, await n.page.evaluate('location.origin + location.pathname'))
  await n.looked('ready')
  await n.page.click('button[value=submit]')
  await n.looked('submitted')
  assert.match(await n.text(), /Place dans la file/)
}

/** The editor says what is wrong while it is written, and again when it is saved. */
async function edits(n) {
  await n.page.click('a[href$="/manifest"]')
  await n.page.evaluate(`(() => { const t = document.getElementById('manifest'); t.value = t.value.replace('"Patient"', '"Patients"'); t.dispatchEvent(new Event('input')) })()`)
  await n.page.until(`document.querySelector('#findings .badge.bad')`)
  const live = await n.page.evaluate(`document.querySelector('#findings').innerText`)
  await n.page.click('button[value=save]')
  const saved = await n.page.evaluate(`document.querySelector('#findings').innerText`)
  assert.equal(live, saved, 'the script and the page say different things')
}
