// The pages of sharing in a real browser, against a running demo: who sees me, hiding, blocking, looking through somebody's
// eyes, consent, relatives, apps; in French on a phone without scripts and in English on a desk with them, then by keyboard
// alone; each page and state under axe-core.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'
import { go } from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')
const doing = (act) => `form:has(input[name=do][value=${act}])`

const words = {
  fr: { blocked: /est bloqué/, unblocked: /n’est plus bloqué.*Ce n’est pas un accord/s, masked: /est caché à tous les professionnels/, pending: /Rien n’est changé/, gone: /Ne serait plus vu/, ready: /L’invitation est prête/, carer: /vous invite à être son aidant/, kept: /réservée à son titulaire/, wrong: /Aucune invitation n’a ce code/, minor: /leur sont cachés\s: 1/ },
  en: { blocked: /is blocked/, unblocked: /no longer blocked.*not a consent/s, masked: /is hidden from all professionals/, pending: /Nothing is changed yet/, gone: /No longer seen/, ready: /The invitation is ready/, carer: /invites you to be their carer/, kept: /reserved to its holder/, wrong: /No invitation has this code/, minor: /hidden from them: 1/ },
}

const guests = { fr: 'yanis', en: 'jeanne' }

for (const [lang, screen, script] of [['fr', screens[0], false], ['en', screens[1], true]]) {
  test(`sharing in ${lang}, ${screen.width} wide, ${script ? 'with' : 'without'} scripts`, async () => {
    const wrong = []
    const look = async (page, name, shown) => {
      if (shown) assert.match(await text(page), shown, name)
      wrong.push(...await findings(page, `sharing ${name} ${lang} ${screen.width}`))
      await page.script(script)
    }
    const page = await enter(chromium, 'camille', '/space', { lang, screen, script })
    const open = (path) => page.open(demo.base + path)
    await look(page, 'who', /Dr Anne Roux/)
    const drawn = await page.evaluate('[...document.querySelectorAll(".picture a")].map((a) => a.querySelector("title").textContent)')
    const listed = await text(page)
    for (const name of drawn) assert.ok(listed.includes(name.split(/\s?: /)[0]), `the list lacks ${name}`)
    await page.fill('#q', 'Noël')
    await page.click('form[role=search] button')
    await look(page, 'found', /Claire Noël/)
    await open('/space/find?q=zzzz')
    await look(page, 'found nobody')

    await open('/space/person?who=Practitioner/inf-martin')
    await look(page, 'person', /Martin/)
    await page.click(`${doing('block')} button[name=preview]`)
    await look(page, 'preview', words[lang].pending)
    assert.match(await text(page), words[lang].gone)
    await page.click('button.go')
    await look(page, 'blocked', words[lang].blocked)
    await page.click('#done button')
    await look(page, 'unblocked', words[lang].unblocked)
    await page.evaluate('document.querySelector("#long-until").checked = true')
    await page.click(`${doing('consult')} button.small`)
    await look(page, 'person refused')
    assert.ok(await page.evaluate('document.querySelector("#long-until").checked && Boolean(document.querySelector("#problem[role=alert]"))'), 'what was typed is lost')

    await open('/space/documents')
    await look(page, 'documents', /Synth/)
    await page.click(`form:has(input[value=camille-dental]) button[value=mask]`)
    await look(page, 'document hidden', words[lang].masked)
    await page.click('#done button')
    await open('/space/document?document=camille-dental')
    await look(page, 'document')
    await page.click(`${doing('hide')}:has(#profession) button.small`)
    await look(page, 'document refused')
    await page.evaluate('document.querySelector("#profession").value = "10"')
    await page.click(`${doing('hide')}:has(#profession) button[name=preview]`)
    await look(page, 'document preview', words[lang].pending)
    await page.click('button.go')
    await look(page, 'document hidden from doctors')
    await page.click(`${doing('unhide')} button.small`)
    await page.click(`${doing('ask')} button.small`)
    await look(page, 'document asked', /Roux/)

    await open('/space/choices')
    await look(page, 'choices')
    await page.evaluate('document.querySelectorAll("#BTG-deny, #ETREAT-deny, #MASKED-permit").forEach((e) => { e.checked = true })')
    await page.click(`${doing('switches')} button.small`)
    await look(page, 'choices refused')
    await open('/space/choices')
    await page.click(`${doing('withdraw')} button[name=preview]`)
    await look(page, 'withdraw preview', words[lang].pending)

    await open('/space/apps')
    await look(page, 'apps', /Glycare/)
    await page.click(`${doing('disconnect')} button.small`)
    await look(page, 'app disconnected')
    await page.click('#done button')
    await open('/space/eyes')
    await look(page, 'eyes')
    await page.evaluate('document.querySelector("#viewer").value = "centre_15:1"')
    await page.click('#viewer ~ button, form:has(#viewer) button.small')
    await look(page, 'eyes of the call centre', /P[ée]nicilline/)
    await open('/space/eyes?viewer=Practitioner/dr-bloque')
    await look(page, 'eyes of somebody blocked')
    await open('/space/eyes?viewer=nobody')
    await look(page, 'eyes of nobody')

    await open('/space/people')
    await look(page, 'relatives')
    await page.fill('#name', 'Un proche')
    await page.click(`${doing('invite')} button.small`)
    await look(page, 'invited', words[lang].ready)
    const code = await page.evaluate('document.querySelector("code.secret").innerText')
    const guest = await enter(chromium, guests[lang], '/space/accept', { lang, screen, script })
    await look(guest, 'accepting')
    await guest.fill('#code', 'AAAA-AAAA-AAAA-AAAA')
    await guest.click('button.primary')
    await look(guest, 'accepting refused', words[lang].wrong)
    await guest.fill('#code', code)
    await guest.click('button.primary')
    await look(guest, 'accepting found', words[lang].carer)
    await guest.click('button[name=accept]')
    await look(guest, 'as a carer', words[lang].kept)
    await guest.close()
    await open('/space/people')
    await page.click(`${doing('end-delegate')} button.small`)
    await look(page, 'relative ended')
    await page.close()

    const minor = await enter(chromium, 'lucas', '/space/people', { lang, screen, script })
    await look(minor, 'a minor', words[lang].minor)
    await minor.close()
    const parent = await enter(chromium, 'karim', '/space', { lang, screen, script })
    await look(parent, 'as a representative', /Lucas Durand/)
    await parent.close()
    assert.deepEqual(wrong, [])
  })
}

test('who sees me, by keyboard alone', async () => {
  const page = await enter(chromium, 'camille', '/space', { lang: 'en', screen: screens[1] })
  await go(page, '.picture a[href*="dr-benali"]')
  assert.match(await text(page), /Dr Samir Benali/)
  await go(page, `${doing('end-link')} button.small`)
  assert.match(await text(page), /The link with Dr Samir Benali has ended/)
  await go(page, '#done button')
  assert.match(await text(page), /counts again/)
  await go(page, 'a[href="/space/documents"]')
  await go(page, 'form:has(input[value=camille-nursing]) button[value=mask]')
  assert.match(await text(page), /is hidden from all professionals/)
  await go(page, '#done button')
  assert.match(await text(page), /shown to your circle of care again/)
  await page.close()
})
