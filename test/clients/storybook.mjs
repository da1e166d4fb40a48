// The pieces of the pages, each as the storybook of the demo shows it, under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

for (const lang of ['fr', 'en']) {
  test(`the storybook, in ${lang}`, async () => {
    const page = await chromium.page({ lang, script: false })
    const wrong = []
    for (const width of [390, 1280]) {
      for (const scheme of ['light', 'dark']) {
        await show(page, { width, scheme })
        await page.open(`${demo.base}/storybook`)
        assert.equal(await page.evaluate('document.documentElement.lang'), lang)
        wrong.push(...await findings(page, `storybook ${lang} ${width} ${scheme}`))
      }
    }
    await page.close()
    assert.deepEqual(wrong, [])
  })
}
