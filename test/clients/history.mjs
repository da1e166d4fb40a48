// Who saw, in a real browser, against a running demo: an emergency access is told in one sentence, followed, spoken to and asked
// about, until the establishment has answered; views, days, refusals, copies; by pointer and by keyboard alone, in both
// languages, on a phone and on a desk, with and without scripts; each page and state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'
import { go, type, unfold } from './keyboard.mjs'
import { enter, glass } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')

/** Nothing of this is for people: codes, rules, ids, types of FHIR. */
const coded = /urn:|\b[A-Z]\d+\.[a-z]|bris_de_glace|centre_15|search-type|DocumentReference|AllergyIntolerance|Practitioner\/|Organization\//

/** Opens a page again until it shows something: cases and notices follow the log. */
async function until(page, address, shown) {
  for (let tries = 0; ; tries++) {
    await page.open(demo.base + address)
    if (await page.evaluate(`Boolean(document.querySelector(${JSON.stringify(shown)}))`)) return
    assert.ok(tries < 50, `${address} never shows ${shown}: ${await text(page)}`)
    await wait(200)
  }
}

/** Opens the details around a form, writes into it and sends it. */
const write = {
  async pointer(page, action, words) {
    const form = `form[action$="${action}"]`
    await page.evaluate(`void (document.querySelector('${form}').closest('details').open = true)`)
    await page.fill(`${form} textarea`, words)
    await page.click(`${form} button`)
  },
  async keyboard(page, action, words) {
    const details = `details:has(> form[action$="${action}"])`
    await unfold(page, details)
    await type(page, `${details} textarea`, words)
    await go(page, `${details} button`)
  },
}

const says = {
  fr: {
    opened: /Le \d+(er)? \S+ à \d+ h \d\d, Dr Paul Leroy \(médecin, Hôpital de la Rive\) a .*accès d’urgence \(bris de glace\).* ; motif : la personne est inconsciente\./,
    case: /L’établissement examine cet accès\./, asked: /Votre question est envoyée\./, said: /Votre avis est joint/, answer: /Réponse\s:/,
    treating: /Dr Anne Roux \(médecin, Cabinet médical du Pont\), votre médecin traitant, a lu/, refused: /a essayé de lire .*, et l’accès a été refusé\./,
    mine: /vous avez lu .*le journal de vos accès/, none: /Aucun accès à montrer ici\./,
  },
  en: {
    opened: /On \d+ \S+ at \d\d:\d\d, Dr Paul Leroy \(doctor, Hôpital de la Rive\) .*emergency access \(break-glass\).*; reason: the person is unconscious\./,
    case: /The establishment is reviewing this access\./, asked: /Your question was sent\./, said: /What you think was added/, answer: /Answer:/,
    treating: /Dr Anne Roux \(doctor, Cabinet médical du Pont\), your médecin traitant, read/, refused: /tried to read .*, and was not let in\./,
    mine: /you read .*the log of who saw your record/, none: /No access to show here\./,
  },
}

for (const [lang, screen, who, by, script] of [['fr', screens[0], 'camille', 'pointer', false], ['en', screens[1], 'jeanne', 'keyboard', true]]) {
  test(`an emergency access from its sentence to the answer of a question, in ${lang}, by ${by}, ${script ? 'with' : 'without'} scripts`, async () => {
    await glass(chromium, who)
    const wrong = []
    const page = await enter(chromium, who, '/space/history', { lang, screen, script })
    const look = async (name, pattern) => {
      const shown = await text(page)
      assert.match(shown, pattern, name)
      assert.doesNotMatch(shown, coded, name)
      assert.equal(await page.evaluate('document.documentElement.lang'), lang, name)
      wrong.push(...await findings(page, `history ${name} ${lang} ${screen.width}`))
    }
    await until(page, '/space/history', 'form[action$="/say"]')
    await look('emergency', says[lang].opened)
    assert.match(await text(page), says[lang].case)
    await page.script(script)
    await page.open(`${demo.base}/space/history`)
    await write[by](page, '/say', 'J’étais consciente.')
    await look('said', says[lang].said)
    await page.script(script)
    await page.open(`${demo.base}/space/history`)
    await write[by](page, '/ask', 'Pourquoi ce matin ?')
    await look('asked', says[lang].asked)
    await answer('Nous étions appelés.', who)
    await page.open(`${demo.base}/space/history`)
    await look('answered', says[lang].answer)
    assert.match(await text(page), /Nous étions appelés\./)
    await page.evaluate('void document.querySelectorAll("details").forEach((d) => { d.open = true })')
    await look('all open', says[lang].opened)
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

/** Has the establishment answer the newest question of the queue. */
async function answer(words) {
  const page = await enter(chromium, 'reviewer', '/pro/cases')
  await until(page, '/pro/cases', '.cases a')
  for (const link of await page.evaluate('[...document.querySelectorAll(".cases a")].map((a) => a.href)')) {
    await page.open(link)
    if (!await page.evaluate('Boolean(document.querySelector("input[name=verdict][value=answered]"))')) continue
    await page.evaluate('document.querySelector("input[name=verdict][value=answered]").click()')
    await page.fill('#note', words)
    await page.click('main form button[type=submit]')
    await page.close()
    return
  }
  assert.fail(`no question waits: ${await text(page)}`)
}

for (const [lang, screen] of [['fr', screens[0]], ['en', screens[1]], ['en', screens[0]], ['fr', screens[1]]]) {
  test(`views, days, refusals and copies under axe-core, in ${lang}, ${screen.width} wide`, async () => {
    const wrong = []
    const page = await enter(chromium, 'camille', '/space/history', { lang, screen })
    const look = async (name, address, pattern, path = '/space/history') => {
      if (address) await page.open(demo.base + address)
      const shown = await text(page)
      assert.equal(await page.evaluate('location.pathname'), path, name)
      assert.match(shown, pattern, name)
      assert.doesNotMatch(shown, coded, name)
      wrong.push(...await findings(page, `history ${name} ${lang} ${screen.width}`))
    }
    await look('first', '', says[lang].treating)
    await look('mine', '/space/history?view=mine', says[lang].mine)
    await look('services', '/space/history?view=services', /./)
    await look('refused', '/space/history?outcome=refused', says[lang].refused)
    await look('none', '/space/history?until=2020-01-01', says[lang].none)
    await look('export', '/space/history/export', /PDF/, '/space/history/export')
    await look('of a child', '/space/history?patient=lucas', /Lucas/)
    await look('of nobody', '/space/history?patient=yanis', /./)
    await page.open(`${demo.base}/space/history`)
    await page.evaluate('void (document.querySelector("details:has(#since)").open = true, document.querySelector("#since").value = "2999-01-01")')
    await page.click('details:has(#since) button')
    await look('of days to come', '', says[lang].none)
    await page.open(`${demo.base}/space/history`)
    const stop = await page.evaluate('document.querySelector(\'.timeline a.button[href*="who="]\').getAttribute("href")')
    await look('where it is stopped', stop, /./, '/space/person')
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

test('a copy is taken along by links alone, and who helps takes none', async () => {
  const page = await enter(chromium, 'camille', '/space/history')
  await page.click('a[href^="/space/history/export"]')
  const target = await page.evaluate('document.querySelector("form[action$=\'export.pdf\']").action + " " + document.querySelector("button[formaction]").formAction')
  assert.match(target, /\/space\/history\/export\.pdf .*\/space\/history\/export\.json$/)
  await page.close()
  const helper = await enter(chromium, 'sofia', '/space/history?patient=jeanne', { lang: 'fr' })
  await helper.open(`${demo.base}/space/history/export.pdf?patient=jeanne`)
  assert.match(await text(helper), /il n’emporte pas de copie/)
  await helper.close()
})
