// The storefront and the desk of the label authority in a real browser, against a running demo: an app is looked for, read about,
// connected, left in one gesture and reported; the authority answers, suspends with one signature, lifts and recalls with two, and the
// storefront says so at once. In both languages, on a phone and on a desk, without scripts, by keyboard too; each state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'
import { go, type } from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')
const path = (page) => page.evaluate('location.pathname')

/** Somebody signed in, looking at a page that needs nobody to be. */
async function at(key, where, how) {
  const page = await enter(chromium, key, key === 'camille' ? '/space' : '/label', how)
  await page.open(demo.base + where)
  return page
}

const words = {
  fr: { search: 'glycemie', few: /très peu de personnes/, proof: /registre public des labels/, old: /Label retiré/, sent: /Votre signalement est envoyé/ },
  en: { search: 'GLUCOSE', few: /very few persons/, proof: /public log of labels/, old: /Label withdrawn/, sent: /Your report is sent/ },
}

for (const [k, lang] of ['fr', 'en'].entries()) {
  test(`anybody looks around, in ${lang}`, async () => {
    const wrong = []
    const page = await chromium.page({ lang })
    await show(page, screens[k])
    await page.open(`${demo.base}/catalog`)
    wrong.push(...await findings(page, `catalog ${lang} ${screens[k].width}`))
    if (k === 0) {
      await page.fill('#q', words[lang].search)
      await page.click('main form button[type=submit]')
    } else {
      await type(page, '#q', words[lang].search)
      await go(page, 'main form button[type=submit]')
    }
    const found = await page.evaluate('[...document.querySelectorAll(".cards h3 a")].map((a) => a.textContent)')
    assert.deepEqual(found, ['Glycare'])
    wrong.push(...await findings(page, `catalog search ${lang} ${screens[k].width}`))
    await page.click('.cards h3 a')
    const shown = await text(page)
    assert.match(shown, words[lang].few, 'what was read this month is not on the page')
    assert.match(shown, words[lang].proof)
    assert.doesNotMatch(shown, /Camille/, 'the page of everybody names somebody')
    wrong.push(...await findings(page, `catalog app ${lang} ${screens[k].width}`))
    await page.open(`${demo.base}/catalog/oldapp`)
    assert.match(await text(page), words[lang].old)
    wrong.push(...await findings(page, `catalog recalled ${lang} ${screens[k].width}`))
    await page.open(`${demo.base}/catalog/backend-lab`)
    assert.equal(await page.evaluate(`document.querySelectorAll('a[href$="/connect"]').length`), 0, 'a person is asked to connect the system of a laboratory')
    await page.open(`${demo.base}/catalog?q=zzzz`)
    wrong.push(...await findings(page, `catalog nothing ${lang} ${screens[k].width}`))
    await page.close()
    assert.deepEqual(wrong, [])
  })
}

test('a plugin is connected from the storefront, and left in one gesture', async () => {
  const wrong = []
  const page = await chromium.page({ lang: 'fr' })
  await show(page, screens[0])
  await page.open(`${demo.base}/catalog/rappel-vaccins`)
  assert.match(await text(page), /isolement abaissé à S1/, 'nobody is told that the cage may be less than complete here')
  const { login, password } = demo.people.find((p) => p.key === 'camille')
  await page.click('a[href$="/connect"]') // 1
  await page.fill('#login', login)
  await page.fill('#password', password)
  await page.click('input[name=step][value=sign-in] ~ button') // 2
  assert.equal(await path(page), '/catalog/rappel-vaccins/connect')
  wrong.push(...await findings(page, 'catalog agree fr 390'))
  await page.click('main form button[type=submit]') // 3
  assert.equal(await path(page), '/catalog/rappel-vaccins')
  assert.match(await text(page), /Connectée/)
  wrong.push(...await findings(page, 'catalog connected fr 390'))
  await page.click('main button.danger')
  assert.equal(await path(page), '/space/apps')
  await page.open(`${demo.base}/catalog/rappel-vaccins`)
  assert.doesNotMatch(await text(page), /Connectée/)
  await page.close()
  assert.deepEqual(wrong, [])
})

test('what a person agreed to is what they ticked', async () => {
  const page = await at('camille', '/catalog/rappel-vaccins/connect', { lang: 'en' })
  await page.evaluate('document.querySelectorAll("input[name=give]").forEach((one) => { one.checked = false })')
  await page.click('main form button[type=submit]')
  assert.match(await text(page), /Choose at least one purpose/)
  await page.evaluate('document.querySelectorAll("input[name=give]").forEach((one, k) => { one.checked = k === 0 })')
  await page.click('main form button[type=submit]')
  assert.equal(await page.evaluate('document.querySelectorAll("section[aria-labelledby=yours] .items li").length'), 1)
  await page.click('main button.danger')
  await page.close()
})

test('a report goes to the authority, who answers it', async () => {
  const wrong = []
  let page = await at('camille', '/catalog/glycare', { lang: 'en', screen: screens[1] })
  assert.match(await text(page), /Connected/)
  wrong.push(...await findings(page, 'catalog own en 1280'))
  await page.fill('#text', 'It asked me for money.')
  await page.click('section[aria-labelledby=complain] button')
  assert.match(await text(page), words.en.sent)
  await page.close()
  page = await enter(chromium, 'label-authority', '/label', { lang: 'en', screen: screens[1] })
  assert.match(await text(page), /It asked me for money/)
  assert.doesNotMatch(await text(page), /Camille/)
  wrong.push(...await findings(page, 'label desk en 1280'))
  await page.click('section[aria-labelledby=complaints] a')
  await page.evaluate('document.querySelector("input[name=outcome][value=dismissed]").click()')
  await page.fill('article [name=fr]', 'Rien ne le montre.')
  await page.click('section[aria-labelledby=complaints] form button')
  assert.match(await text(page), /Say why, in French and in English/)
  assert.equal(await page.evaluate('document.activeElement.id'), 'problem')
  assert.deepEqual(await page.evaluate('[...document.querySelectorAll("textarea[name=fr]")].map((one) => one.value)'), ['Rien ne le montre.', '', ''], 'what was typed is lost, or is in another form')
  await page.fill('article [name=en]', 'Nothing shows it.')
  await page.click('section[aria-labelledby=complaints] form button')
  assert.match(await text(page), /Nothing shows it/)
  wrong.push(...await findings(page, 'label app en 1280'))
  await page.close()
  assert.deepEqual(wrong, [])
})

/** Prepares a decision on the page of an app, and signs it as whoever is at the desk. */
async function prepare(page, app, what) {
  await page.open(`${demo.base}/label/app/${app}`)
  await page.fill(`section[aria-labelledby=${what}] [name=fr]`, 'Une faille a été trouvée.')
  await page.fill(`section[aria-labelledby=${what}] [name=en]`, 'A flaw was found.')
  await page.click(`section[aria-labelledby=${what}] button`)
  await page.click('section[aria-labelledby=acts] a')
  await page.click('section[aria-labelledby=sign] button.primary')
}

/** What the storefront says of an app, to anybody. */
async function said(app) {
  const page = await chromium.page({ lang: 'en' })
  await page.open(`${demo.base}/catalog/${app}`)
  const shown = await text(page)
  await page.close()
  return shown
}

/** The other of the two signs the decision that waits, and carries it out. */
async function second(app) {
  const page = await enter(chromium, 'label-authority-2', '/label', { lang: 'fr', screen: screens[0] })
  await page.open(`${demo.base}/label/app/${app}`)
  await page.click('section[aria-labelledby=acts] a')
  const wrong = await findings(page, `label act ${app} fr 390`)
  await page.click('section[aria-labelledby=sign] button.primary')
  await page.click('section[aria-labelledby=sign] button.primary')
  await page.close()
  assert.deepEqual(wrong, [])
}

test('one suspends, two lift it, two recall; the storefront says so at once', async () => {
  const page = await enter(chromium, 'label-authority', '/label', { lang: 'en', screen: screens[1] })
  await prepare(page, 'smart-conf', 'suspend')
  await page.click('section[aria-labelledby=sign] button.primary')
  const suspended = await said('smart-conf')
  assert.match(suspended, /Suspended/)
  assert.match(suspended, /A flaw was found/)
  await prepare(page, 'smart-conf', 'reinstate')
  assert.match(await said('smart-conf'), /Suspended/, 'one signature lifted a suspension')
  await second('smart-conf')
  assert.match(await said('smart-conf'), /Label in force/)
  await prepare(page, 'smart-conf', 'revoke')
  assert.match(await said('smart-conf'), /Label in force/, 'one signature recalled an app')
  await second('smart-conf')
  const recalled = await said('smart-conf')
  assert.match(recalled, /Label withdrawn/)
  assert.match(recalled, /a security defect/)
  await page.open(`${demo.base}/label/app/smart-conf`)
  assert.deepEqual(await findings(page, 'label recalled en 1280'), [])
  await page.close()
})

test('a version is laid out for whoever judges it', async () => {
  const wrong = []
  for (const [k, lang] of ['fr', 'en'].entries()) {
    const page = await at('label-authority', '/label/app/glycare', { lang, screen: screens[k] })
    await page.click('section[aria-labelledby=versions] a')
    assert.match(await text(page), /732829320/)
    wrong.push(...await findings(page, `label version ${lang} ${screens[k].width}`))
    await page.close()
  }
  assert.deepEqual(wrong, [])
})

test('the desk is for the authority alone', async () => {
  const page = await at('camille', '/label', { lang: 'en' })
  assert.match(await text(page), /nothing at this address/i)
  await page.close()
})
