// The pages of professionals in a real browser, against a running demo: each under axe-core on a phone by day and a desk by
// night, in both languages, without scripts; and the journeys by keyboard and press.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { go, press, tabTo, type } from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')
const record = '/pro/camille'
const pages = ['/pro', '/pro/requests', '/pro/notices', record, `${record}?documents=all`, `${record}/document/camille-consultation`, `${record}/deposit`, `${record}/consent`, `${record}/colleagues`, '/pro/nobody']

for (const lang of ['fr', 'en']) {
  for (const screen of screens) {
    test(`every page of professionals in ${lang} at ${screen.width} px`, async () => {
      const page = await enter(chromium, 'dr-roux', '/pro', { lang, screen })
      const wrong = []
      for (const path of pages) {
        await page.open(demo.base + path)
        wrong.push(...await findings(page, `pro ${path} ${lang} ${screen.width}`))
      }
      assert.deepEqual(wrong, [])
      await page.close()
    })
  }
}

test('a number opens the record, and a stranger is offered the ways in', async () => {
  const page = await enter(chromium, 'dr-lam', '/pro', { lang: 'en', screen: screens[0] })
  await page.fill('#ins', person('camille').ins)
  await page.click('main form[action="/pro/find"] button')
  assert.match(await text(page), /Record of Camille Durand/)
  assert.match(await text(page), /appointment on/)
  await page.open(demo.base + '/pro')
  await page.fill('#ins', person('jeanne').ins)
  await page.click('main form[action="/pro/find"] button')
  assert.match(await text(page), /Nothing opens here/)
  assert.deepEqual(await findings(page, 'pro stranger'), [])
  assert.equal(await page.evaluate('location.search'), '', 'the number is in the address')
  await page.close()
})

test('a deposit is found in the record', async () => {
  const page = await enter(chromium, 'dr-roux', `${record}/deposit`, { lang: 'en', screen: screens[0] })
  await page.click('main form button')
  assert.match(await text(page), /Give a title/)
  assert.deepEqual(await findings(page, 'pro deposit wrong'), [])
  await page.fill('#doc-title', 'A note from the phone')
  await page.evaluate('document.querySelector("#kind").value = "11488-4"')
  await page.fill('#note', 'Seen today, all well.')
  await page.click('main form button')
  assert.match(await text(page), /The document is deposited/)
  assert.match(await text(page), /A note from the phone/)
  await page.close()
})

test('by keyboard alone: a person asks to mask a letter, the doctor does it, and a nurse sees it no more', async () => {
  const letter = 'camille-consultation'
  const nurse = await enter(chromium, 'inf-martin', record, { lang: 'fr', screen: screens[1] })
  const shown = async () => {
    await nurse.open(demo.base + record)
    return nurse.evaluate(`Boolean(document.querySelector('a[href$="/document/${letter}"]'))`)
  }
  assert.ok(await shown(), 'the nurse does not see the letter to begin with')
  const camille = await enter(chromium, 'camille', `/space/document?document=${letter}`, { lang: 'fr', screen: screens[0] })
  await go(camille, 'form:has(input[value=ask]) button')
  const doctor = await enter(chromium, 'dr-roux', '/pro/requests', { lang: 'fr', screen: screens[0] })
  const wrong = await findings(doctor, 'pro request')
  await go(doctor, `main a[href="${record}/document/${letter}"]`)
  wrong.push(...await findings(doctor, 'pro request document'))
  await go(doctor, 'button[value=accept]')
  assert.match(await text(doctor), /masqué/i)
  wrong.push(...await findings(doctor, 'pro request accepted'))
  assert.ok(!await shown(), 'the nurse still sees the letter')
  await Promise.all([nurse.close(), camille.close(), doctor.close()])
  assert.deepEqual(wrong, [])
})

test('by keyboard alone: a number, a record, a deposit, a consent for a colleague, who of them looked', async () => {
  const page = await enter(chromium, 'dr-roux', '/pro', { lang: 'en', screen: screens[1] })
  await type(page, '#ins', person('camille').ins)
  await go(page, 'main form[action="/pro/find"] button')
  await go(page, `main a[href="${record}/deposit"]`)
  await type(page, '#doc-title', 'Typed with no pointer')
  await tabTo(page, '#kind')
  await press(page, 'ArrowDown', 40)
  await type(page, '#note', 'All well.')
  await go(page, 'main form button[type=submit]')
  assert.match(await text(page), /The document is deposited/)
  await page.open(demo.base + record)
  await go(page, `main a[href="${record}/consent"]`)
  assert.deepEqual(await findings(page, 'pro consent by keyboard'), [])
  await page.open(demo.base + record)
  await go(page, `main a[href="${record}/colleagues"]`)
  assert.match(await text(page), /Camille/)
  await page.close()
})
