// What an app that runs by itself leaves, in a real browser, against a running demo in which the schedules were run: the entry
// in camille's agenda, the page of apps, the notice; in French on a phone without scripts and in English on a desk with them,
// each state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')
const doing = (act) => `form:has(input[name=do][value=${act}])`

const words = {
  fr: {
    entry: /Vaccin : rappel diphtérie, tétanos, poliomyélite/, plan: /à prévoir, à partir du/, left: /Laissé par Rappel vaccins, version 1\.0\.0/,
    each: /s’exécute d’elle-même chaque mois/, every: /s’exécute d’elle-même chaque mois/, many: /Dans votre agenda, de sa part\s: 1/, off: /ne s’exécute plus d’elle-même. Elle reste connectée/,
    on: /s’exécute de nouveau d’elle-même/, told: /Une application a laissé quelque chose/,
    reply: [/Ce que dit Rappel vaccins/, /1 à faire d’après le dossier/, /À faire\s+1\s/, /Isolement\s+S\d/, /Vaccinations\s: donné une fois/, /Rien n’en est fait ici/],
  },
  en: {
    entry: /Vaccine: booster: diphtheria, tetanus, polio/, plan: /to plan, from/, left: /Left by Vaccine reminders, version 1\.0\.0/,
    each: /runs by itself each month for whoever agreed/, every: /runs by itself each month/, many: /In your agenda by it: 1/, off: /no longer runs by itself. It stays connected/,
    on: /runs by itself again/, told: /An app has left something/,
    reply: [/What Vaccine reminders says/, /1 due by the record/, /Due\s+1\s/, /Isolation\s+S\d/, /Vaccinations: given once/, /Nothing is done about it here/],
  },
}

for (const [lang, screen, script] of [['fr', screens[0], false], ['en', screens[1], true]]) {
  test(`what runs by itself, in ${lang}, ${screen.width} wide, ${script ? 'with' : 'without'} scripts`, async () => {
    const wrong = []
    const look = async (page, name, ...shown) => {
      const said = await text(page)
      for (const one of shown) assert.match(said, one, name)
      wrong.push(...await findings(page, `${name} ${lang} ${screen.width}`))
      await page.script(script)
    }
    const w = words[lang]
    const page = await enter(chromium, 'camille', '/space/agenda', { lang, screen, script })
    await look(page, 'agenda', w.entry, w.plan, w.left, /Détartrage/)
    assert.equal(await page.evaluate(`document.querySelectorAll('${doing('remove-entry')}').length`), 1, 'only what an app left is removed here')

    await page.open(`${demo.base}/catalog/rappel-vaccins`)
    await look(page, 'storefront', w.each)
    await page.open(`${demo.base}/space/apps`)
    await look(page, 'apps', w.every, w.many, w.entry)
    await page.click('form:has([name=client][value=rappel-vaccins]) button[value=ask]')
    await look(page, 'asked', ...w.reply)
    await page.open(`${demo.base}/catalog/rappel-vaccins`)
    await page.click('button[value=ask]')
    await look(page, 'asked from the storefront', ...w.reply)
    await page.click('button[value=ask]')
    await look(page, 'asked again', ...w.reply)
    await page.open(`${demo.base}/space/apps`)
    await page.click(`${doing('only-asked')} button.small`)
    await look(page, 'turned off', w.off)
    await page.click('#done button')
    await look(page, 'turned on', w.on, w.every)

    await page.open(`${demo.base}/space/history`)
    await look(page, 'told', w.told)
    if (lang === 'en') {
      await page.open(`${demo.base}/space/agenda`)
      await page.click(`${doing('remove-entry')} button.small`)
      await look(page, 'removed', /The entry is removed/, /Détartrage/)
      assert.doesNotMatch(await text(page), w.entry)
    }
    await page.close()
    assert.deepEqual(wrong, [])
  })
}
