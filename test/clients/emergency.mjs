// The pages of emergencies in a real browser, against a running demo: the gestures from a signed-in phone to the vital set
// are counted; with scripts and without, in both languages, by keyboard alone; each state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { go, leave, type } from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const at = (path) => demo.issuer + path

/** A browser in which somebody is signed in, on the page of emergencies. */
const signedIn = (key, { screen = screens[0], ...how } = {}) => enter(chromium, key, '/emergency', { screen, ...how })

const text = (page, selector = 'main') => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`)
const has = (page, selector) => page.evaluate(`Boolean(document.querySelector(${JSON.stringify(selector)}))`)

/** Counts what a hand does: one for each field that is filled by one paste, scan or typing, one for each press. */
class Hand {
  gestures = 0
  constructor(page) { this.page = page }
  async fill(selector, value) { this.gestures++; await this.page.fill(selector, value) }
  async press(selector) { this.gestures++; await this.page.click(selector) }
}

for (const lang of ['fr', 'en']) {
  for (const script of [false, true]) {
    test(`three gestures to the vital set, in ${lang}, ${script ? 'with' : 'without'} scripts`, async () => {
      const page = await signedIn('dr-urgence', { lang, script })
      const hand = new Hand(page)
      await hand.fill('#who', person('jeanne').ins)
      await hand.press('#seek button[type=submit]')
      await hand.press('.big button[value=unconscious]')
      assert.ok(await has(page, 'dl.set'), await text(page))
      assert.ok(hand.gestures <= 3, `${hand.gestures} gestures`)
      const shown = await text(page, 'dl.set')
      for (const word of ['Apixaban', 'Furosémide', 'iodés', 'Insuffisance cardiaque', 'Stimulateur']) assert.match(shown, new RegExp(word))
      assert.match(await text(page, '.mode'), lang === 'fr' ? /Bris de glace/ : /Break-glass/)
      const end = await page.evaluate('Math.round(document.querySelector("dl.set").getBoundingClientRect().bottom)')
      assert.ok(end <= 844, `the vital set ends at ${end} of 844 pixels`)
      if (script) await page.until('/^\\d+:\\d\\d$/.test(document.querySelector("[data-clock]").textContent)')
      await page.close()
    })
  }
}

test('two gestures with the camera: one press that scans, one reason', async () => {
  const page = await signedIn('dr-urgence', { script: true })
  await page.send('Page.addScriptToEvaluateOnNewDocument', { source: `
    window.BarcodeDetector = class { static async getSupportedFormats() { return ['qr_code', 'data_matrix', 'ean_13'] } async detect() { return [{ rawValue: '${person('jeanne').ins}' }] } }
    Object.defineProperty(navigator, 'mediaDevices', { value: { async getUserMedia() { return document.createElement('canvas').captureStream() } } })
    HTMLMediaElement.prototype.play = async () => {}` })
  await page.open(at('/emergency'))
  await page.until('!document.getElementById("scanner").hidden')
  const hand = new Hand(page)
  await hand.press('#scan')
  await page.until('location.search.startsWith("?for=")')
  await hand.press('.big button[value=unconscious]')
  assert.match(await text(page, 'dl.set'), /Apixaban/)
  assert.equal(hand.gestures, 2)
  await page.close()
})

test('a browser without a reader of codes offers none', async () => {
  const page = await signedIn('dr-urgence', { script: true })
  await page.send('Page.addScriptToEvaluateOnNewDocument', { source: 'delete window.BarcodeDetector' })
  await page.open(at('/emergency'))
  assert.equal(await page.evaluate('document.getElementById("scanner").hidden'), true)
  await page.close()
})

test('by the keyboard alone: find, open, the rest, the end', async () => {
  const page = await signedIn('dr-urgence', { screen: screens[1] })
  await type(page, '#who', person('exercice').ins)
  await leave(page)
  await go(page, '.big button[value=vital-risk]')
  assert.match(await text(page), /Sacha Exercice/)
  await go(page, 'form[action$="/stage"] button')
  assert.match(await text(page), /Compte rendu de consultation/)
  await type(page, '#typed', 'Antécédents nécessaires')
  await leave(page)
  assert.match(await text(page), /Synthèse psychiatrique/)
  await go(page, '.mode button')
  assert.match(await text(page), /vous y avez mis fin/)
  await page.close()
})

// Two people in turn: how often one may look for somebody is bounded.
for (const [lang, screen, who] of [['fr', screens[0], 'dr-urgence'], ['en', screens[1], 'dr-benali'], ['en', screens[0], 'dr-urgence'], ['fr', screens[1], 'dr-benali']]) {
  test(`every page and state under axe-core, in ${lang}, ${screen.width} wide`, async () => {
    const wrong = []
    const look = async (page, name, shown) => {
      assert.ok(await has(page, shown), `${name} lacks ${shown}: ${await text(page)}`)
      assert.equal(await page.evaluate('document.documentElement.lang'), lang, name)
      wrong.push(...await findings(page, `emergency ${name} ${lang} ${screen.width}`))
    }
    const seek = async (page, who) => {
      await page.open(at('/emergency'))
      await page.fill('#who', who)
      await page.click('#seek button')
    }
    const page = await signedIn(who, { lang, screen })
    await look(page, 'find', '#who')
    await seek(page, '123')
    await look(page, 'a wrong number', '#problem[role=alert]')
    await seek(page, person('nour').ins)
    await look(page, 'nobody', '#problem[role=alert]')
    await page.evaluate('void (document.querySelector("details.traits").open = true)')
    await page.fill('#family', 'Personne')
    await page.fill('#given', 'Jean')
    await page.fill('#birth', '1/1/1950')
    await page.evaluate('document.querySelector("[name=sex][value=male]").click()')
    await page.click('details.traits button')
    await look(page, 'nobody by traits', 'details[open] #family')
    await seek(page, person('yanis').ins)
    await look(page, 'opposed', '.notice.bad')
    await seek(page, person('exercice').ins)
    await look(page, 'needed', '.big button')
    await page.click('.big button[value=severe-trauma]')
    await look(page, 'vital', 'dl.set')
    await page.evaluate('void (document.querySelector("details.further").open = true)')
    await look(page, 'more time', 'details[open] select')
    const access = await page.evaluate('location.pathname')
    await page.open(at(`${access}/record`))
    await look(page, 'the rest withheld', '[data-state=withheld]')
    await page.click('form[action$="/stage"] button')
    await look(page, 'the rest', '#typed')
    await page.fill('#typed', 'x')
    await page.click('#typed ~ button')
    await look(page, 'masked', '.badge')
    await page.open(at(`${access}/opened`))
    await look(page, 'opened', '.timeline li')
    await page.open(at('/emergency'))
    await look(page, 'find with one open', '.items a')
    await page.open(at(`${access}/document/nothing`))
    await look(page, 'no such document', 'h1')
    await page.open(at(access))
    await page.click('.mode button')
    await look(page, 'ended', '.mode.over')
    await page.close()
    const doctor = await signedIn('dr-roux', { lang, screen })
    await seek(doctor, person('camille').ins)
    await look(doctor, 'normal access is enough', 'a.button')
    await doctor.close()
    const patient = await signedIn('camille', { lang, screen })
    await look(patient, 'no professional', 'h1')
    await patient.close()
    assert.deepEqual(wrong, [])
  })
}

test('the vital set prints on one page', async () => {
  const page = await signedIn('dr-urgence', { lang: 'fr' })
  await page.fill('#who', person('exercice').ins)
  await page.click('#seek button')
  await page.click('.big button[value=unconscious]')
  const { data } = await page.send('Page.printToPDF', { paperWidth: 8.27, paperHeight: 11.69 })
  const pages = Buffer.from(data, 'base64').toString('latin1').match(/\/Type\s*\/Page\b/g).length
  assert.equal(pages, 1)
  await page.close()
})
