// Every page of the authorization server in every state that it can have, each under axe-core, without scripts, in French
// and English, on a phone and on a desk. PONTLEVIS_PAGES is the address of a list of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'

const list = process.env.PONTLEVIS_PAGES
let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

for (const lang of ['fr', 'en']) {
  test(`every page, in ${lang}`, async () => {
    const names = await (await fetch(list)).json()
    assert.ok(names.length > 20, `only ${names.length} pages`)
    const page = await chromium.page({ lang, script: false })
    const wrong = []
    const each = names.filter((name, i) => names.findIndex((other) => other.split(' ')[0] === name.split(' ')[0]) === i)
    for (const screen of screens) {
      await show(page, screen)
      for (const name of screen.width < 600 ? names : each) { // the desk has room: one state of each page tells
        await page.open(new URL(`/page?name=${encodeURIComponent(name)}`, list).href)
        assert.equal(await page.evaluate('document.documentElement.lang'), lang)
        wrong.push(...await findings(page, `${name} ${lang} ${screen.width}`))
      }
    }
    await page.close()
    assert.deepEqual(wrong, [])
  })
}
