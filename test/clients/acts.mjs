// What professionals do in a record, in a real browser, against a running demo: a deposit with who sees it, an announcement that is
// released, a new version, a consent recorded for a colleague, a colleague who replaces for some days, and what colleagues
// read; in both languages, on a phone and a desk, with scripts and without, by pointer and by keyboard alone; each state under
// axe-core, and what every act changes seen by the others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { findings, screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import * as keyboard from './keyboard.mjs'
import { enter } from './people.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

const text = (page) => page.evaluate('document.querySelector("main").innerText')
const record = '/pro/camille'
const report = '11488-4' // of a consultation, which nurses read too
const nextYear = new Date().getFullYear() + 1

/** Two ways to use a page: what a pointer does, and what keys alone do. */
const hands = {
  pointer: {
    go: (page, selector) => page.click(selector),
    type: (page, selector, words) => page.fill(selector, words),
    select: (page, selector, value) => page.evaluate(`void (document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(value)})`),
    pick: (page, name, value) => page.evaluate(`document.querySelector('input[name="${name}"][value="${value}"]').click()`),
    choose: (page, selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`),
    day: (page, selector) => page.evaluate(`void (document.querySelector(${JSON.stringify(selector)}).value = "${nextYear}-12-12")`),
  },
  keyboard: { ...keyboard, day: (page, selector) => keyboard.digits(page, selector, `1212${nextYear}`) }, // day and month in either order
}

const words = {
  fr: {
    deposited: /Le document est déposé/, pending: /annonce en attente/, released: /maintenant visible de la personne/, masked: /masqué aux professionnels/,
    version: /Remplace «\s.*\s» du \d{2}\/\d{2}\/\d{4}/, replaced: /La nouvelle version est déposée/, replaces: /Remplace\s+.*\(\d{2}\/\d{2}\/\d{4}\)/,
    content: /Joignez un fichier/, rpps: /onze chiffres/, nobody: /aucun professionnel/, unsaid: /Cochez la case/, consented: /L’accord est enregistré pour ce collègue/,
    until: /accord de la personne jusqu’au \d{2}\/\d{2}\/\d{4} à \d+ h( \d\d)?/, dated: new RegExp(`accord de la personne jusqu’au 1[23]/12/${nextYear}`), shut: /Rien ne s’ouvre ici/,
    read: /Dr Paul Leroy \(médecin, Hôpital de la Rive\) a lu/,
  },
  en: {
    deposited: /The document is deposited/, pending: /announcement pending/, released: /now visible/, masked: /masked/,
    version: /Replaces “.*” of \d+ \w+ \d{4}/, replaced: /stays related/, replaces: /Replaces\s+.*\(.*\d{4}\)/,
    content: /Attach a file/, rpps: /eleven digits/, nobody: /No professional/, unsaid: /Tick the box/, consented: /recorded for this colleague/,
    until: /the person’s consent until .*\d{4} at \d{2}:\d{2}/, dated: new RegExp(`the person’s consent until 1[23] December ${nextYear}`), shut: /Nothing opens here/,
    read: /Dr Paul Leroy \(doctor, Hôpital de la Rive\) read/,
  },
}

/** Where a title leads. */
const leads = (page, title) => page.evaluate(`[...document.querySelectorAll('main a')].find((a) => a.textContent.includes(${JSON.stringify(title)})).getAttribute('href')`)

/** Nothing of this is for people: codes, rules, ids, types of FHIR. */
const coded = /urn:|\b[A-Z]\d+\.[a-z]|search-type|DocumentReference|AllergyIntolerance|Practitioner\/|Organization\/|MASQUE_PS|INVISIBLE_/

for (const [lang, screen, script, by] of [
  ['fr', screens[0], false, 'keyboard'], ['fr', screens[1], true, 'pointer'], ['en', screens[0], true, 'pointer'], ['en', screens[1], false, 'keyboard'],
]) {
  const [hand, says] = [hands[by], words[lang]]
  const how = `in ${lang}, ${screen.width} wide, ${script ? 'with' : 'without'} scripts, by ${by}`
  const wrong = []

  /** Somebody's page, and how it is looked at. */
  const at = async (key, path) => {
    const page = await enter(chromium, key, path, { lang, screen, script })
    return Object.assign(page, {
      at: (to) => page.open(demo.base + to),
      async look(name, pattern) {
        const shown = await text(page)
        assert.match(shown, pattern, name)
        assert.doesNotMatch(shown, coded, name)
        assert.equal(await page.evaluate('document.documentElement.lang'), lang, name)
        wrong.push(...await findings(page, `acts ${name} ${lang} ${screen.width}`))
        await page.script(script)
      },
      async sees(title, where) {
        await page.open(demo.base + where)
        return (await text(page)).includes(title)
      },
    })
  }

  /** Fills in the form of a deposit and sends it. */
  const deposit = async (page, title, visibility) => {
    await hand.type(page, '#doc-title', title)
    await hand.select(page, '#kind', report)
    await hand.type(page, '#note', 'Vue ce jour.')
    await hand.pick(page, 'visibility', visibility)
    await hand.go(page, 'main form button[type=submit]')
  }

  test(`deposits, who sees them, an announcement and a new version, ${how}`, async () => {
    const [result, secret] = [`Résultat ${lang} ${screen.width}`, `Confidence ${lang} ${screen.width}`]
    const [doctor, nurse, camille] = await Promise.all([at('dr-roux', record), at('inf-martin', record), at('camille', '/space/documents')])
    await hand.go(doctor, `main a[href="${record}/deposit"]`)
    await hand.type(doctor, '#doc-title', result)
    await hand.select(doctor, '#kind', report)
    await hand.go(doctor, 'main form button[type=submit]')
    await doctor.look('deposit of nothing', says.content)
    assert.equal(await doctor.evaluate('document.querySelector("#doc-title").value'), result, 'what was typed is lost')
    await doctor.at(`${record}/deposit`)
    await deposit(doctor, result, 'pending')
    await doctor.look('deposited', says.deposited)
    assert.ok(!await camille.sees(result, '/space/documents'), 'the person sees what is to be announced')

    await doctor.at('/pro/requests')
    await doctor.look('announcements', new RegExp(result))
    const letter = await leads(doctor, result)
    await hand.go(doctor, `main a[href="${letter}"]`)
    await doctor.look('announcement', says.pending)
    await hand.go(doctor, 'form[action$="/release"] button')
    await doctor.look('released', says.released)
    assert.ok(await camille.sees(result, '/space/documents'), 'the person does not see what was released')
    assert.ok(await nurse.sees(result, record), 'the nurse does not see what everybody may')

    await doctor.at(`${record}/deposit`)
    await deposit(doctor, secret, 'masked')
    await doctor.look('deposited masked', says.masked)
    assert.ok(await camille.sees(secret, '/space/documents'), 'the person does not see what is masked from others')
    assert.ok(!await nurse.sees(secret, record), 'the nurse sees what is masked')

    await doctor.at(letter)
    await hand.go(doctor, 'main a[href*="/deposit?replaces="]')
    await doctor.look('new version', says.version)
    await hand.type(doctor, '#note', 'Corrigé.')
    await hand.go(doctor, 'main form button[type=submit]')
    await doctor.look('replaced', says.replaced)
    const again = await leads(doctor, result)
    assert.notEqual(again, letter, 'the record still leads to the old version')
    await hand.go(doctor, `main a[href="${again}"]`)
    await doctor.look('of a new version', says.replaces)
    await Promise.all([doctor.close(), nurse.close(), camille.close()])
    assert.deepEqual(wrong.splice(0), [])
  })

  test(`a consent recorded, a replacement for some days, and what the colleague read, ${how}`, async () => {
    const colleague = person('dr-urgence')
    const [doctor, other, camille] = await Promise.all([at('dr-roux', record), at('dr-urgence', '/pro'), at('camille', '/space')])
    await other.at(record)
    await other.look('a stranger', says.shut)
    await hand.go(doctor, `main a[href="${record}/consent"]`)
    const records = async (number, ticked) => {
      await doctor.at(`${record}/consent`)
      await hand.type(doctor, '#rpps', number)
      if (ticked) await hand.choose(doctor, 'input[name=said]')
      await hand.go(doctor, 'main form button[type=submit]')
    }
    await records('123', true)
    await doctor.look('consent ill typed', says.rpps)
    await records('19900000199', true)
    await doctor.look('consent for nobody', says.nobody)
    await records(colleague.rpps, false)
    await doctor.look('consent not given', says.unsaid)
    await records(colleague.rpps, true)
    await doctor.look('consented', says.consented)
    await other.at('/pro')
    await other.look('opened by consent', says.until)
    await hand.go(other, `main a[href="${record}"]`)
    await other.look('record by consent', says.until)
    assert.equal(await other.evaluate('document.querySelectorAll("a[href$=\\"/colleagues\\"]").length'), 0, 'colleagues\' accesses are offered to whoever may not see them')

    const who = '/space/person?who=Practitioner/dr-urgence'
    const doing = (act) => `form:has(input[name=do][value=${act}])`
    await camille.at(who)
    await camille.look('consent seen by the person', /Dr Paul Leroy/)
    await hand.go(camille, `${doing('end-consult')} button:not([name])`)
    assert.ok(!await other.sees('Pénicilline', record), 'the record is open after the consent ended')
    await camille.at(who)
    await hand.pick(camille, 'long', 'until')
    await hand.day(camille, '#until')
    await hand.go(camille, `${doing('consult')} button:not([name])`)
    await camille.look('replacement given', /Dr Paul Leroy/)
    await other.at(record)
    await other.look('record by replacement', says.dated)
    await camille.at(who)
    await hand.go(camille, `${doing('end-consult')} button:not([name])`)

    await doctor.at(record)
    await hand.go(doctor, `main a[href="${record}/colleagues"]`)
    await doctor.look('colleagues', says.read)
    await Promise.all([doctor.close(), other.close(), camille.close()])
    assert.deepEqual(wrong.splice(0), [])
  })
}
