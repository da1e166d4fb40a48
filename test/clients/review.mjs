// The review of emergency accesses in a real browser, against a running demo: an access that was opened on the page of
// emergencies is in the queue of the establishment, is read and closed, by pointer and by keyboard alone, in both languages, on
// a phone and on a desk, without scripts; each state under axe-core. The authority has its own pages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { choose, go, type } from './keyboard.mjs'
import { enter, glass } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')

/** The links of the cases on the page, once there are that many: the register follows the log. */
async function cases(page, enough) {
  for (let tries = 0; ; tries++) {
    const links = await page.evaluate('[...document.querySelectorAll(".cases a")].map((a) => a.href)')
    if (links.length >= enough) return links
    assert.ok(tries < 50, `only ${links.length} cases: ${await text(page)}`)
    await wait(200)
    await page.open(await page.evaluate('location.href'))
  }
}

const words = {
  fr: { why: /La personne est inconsciente/, closed: /L’examen est clos/, form: /Conclure/ },
  en: { why: /The person is unconscious/, closed: /The review is closed/, form: /Conclude/ },
}

const opened = ['jeanne', 'camille']
for (const [k, lang] of ['fr', 'en'].entries()) {
  test(`a case from the queue to its verdict, in ${lang}`, async () => {
    await glass(chromium, opened[k])
    const wrong = []
    const page = await enter(chromium, 'reviewer', '/pro/cases', { lang, screen: screens[k] })
    const [link] = await cases(page, 1)
    wrong.push(...await findings(page, `review queue ${lang} ${screens[k].width}`))
    await page.open(link)
    const shown = await text(page)
    assert.match(shown, words[lang].why)
    assert.match(shown, words[lang].form)
    assert.match(shown, /Leroy/)
    assert.doesNotMatch(shown, /unconscious\b(?!\.)|bris_de_glace|Practitioner\//)
    wrong.push(...await findings(page, `review case ${lang} ${screens[k].width}`))
    if (k === 0) {
      await page.evaluate('document.querySelector("input[name=verdict][value=justified]").click()')
      await page.fill('#note', 'Appel du SAMU à 3 h.')
      await page.click('main form button[type=submit]')
    } else {
      await choose(page, 'input[name=verdict]')
      await type(page, '#note', 'Checked by phone.')
      await go(page, 'main form button[type=submit]')
    }
    assert.match(await text(page), words[lang].closed)
    wrong.push(...await findings(page, `review closed ${lang} ${screens[k].width}`))
    await page.open(link)
    assert.equal(await page.evaluate('document.querySelectorAll("textarea").length'), 0, 'a closed case has a form')
    wrong.push(...await findings(page, `review verdict ${lang} ${screens[k].width}`))
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

for (const [k, lang] of ['fr', 'en'].entries()) {
  test(`the authority's list, in ${lang}`, async () => {
    const page = await enter(chromium, 'authority', '/label/cases', { lang, screen: screens[k] })
    const wrong = await findings(page, `review authority ${lang} ${screens[k].width}`)
    assert.match(await text(page), /Hôpital de la Rive/)
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

test('nobody else has these pages', async () => {
  for (const [key, path] of [['dr-roux', '/pro/cases'], ['camille', '/pro/cases'], ['reviewer', '/label/cases']]) {
    const page = await enter(chromium, key, path)
    assert.equal(await page.evaluate('document.querySelectorAll(".cases, table").length'), 0, `${key} sees ${path}`)
    await page.close()
  }
})
