// The pages of professionals in a real browser, against a running demo: each under axe-core on a phone by day and a desk by
// night, in both languages, without scripts; and the journeys by keyboard and press.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
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
