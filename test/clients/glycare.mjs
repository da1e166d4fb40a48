// Glycare, the app from outside, in a real browser: camille connects it from its own address, sees her measurements, adds one, and a
// value that cannot be is refused in words; in both languages, on a phone and on a desk, each page under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { person } from './demo.mjs'

const app = process.env.PONTLEVIS_GLYCARE
let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.body.innerText')

for (const [lang, screen, value, kept, wrong] of [
  ['fr', screens[0], '5,4', /La mesure est dans votre espace/, /entre 0,5 et 60/], ['en', screens[1], '6.1', /The measurement is in your space/, /between 0.5 and 60/],
]) {
  test(`measurements are read and written, in ${lang}, ${screen.width} wide`, async () => {
    const seen = []
    const look = async (page, name) => seen.push(...await findings(page, `glycare-${name}-${lang}-${screen.width}`))
    const page = await chromium.page({ lang, script: false })
    await show(page, screen)
    await page.open(`${app}/`)
    await look(page, 'home')
    await page.click('form button')
    await page.fill('#login', person('camille').login)
    await page.fill('#password', person('camille').password)
    await page.click('input[name=step][value=sign-in] ~ button')
    await page.click('button[name=decision][value=allow]')
    assert.ok((await page.evaluate('location.href')).startsWith(app), await text(page))
    assert.match(await text(page), /Camille Durand/)
    assert.match(await text(page), /9[.,]1 mmol\/L/)
    await look(page, 'measures')
    await page.fill('input[name=value]', value)
    await page.click('form:has(input[name=value]) button')
    assert.match(await text(page), kept)
    assert.ok((await text(page)).includes(value.replace(',', '.')), await text(page))
    await look(page, 'written')
    await page.fill('input[name=value]', '540')
    await page.click('form:has(input[name=value]) button')
    assert.match(await text(page), wrong)
    await look(page, 'refused')
    await page.close()
    assert.deepEqual(seen, [])
  })
}
