// People of the cast in a browser: signed in to their own pages.
import assert from 'node:assert/strict'
import { show } from './axe.mjs'
import { demo, person } from './demo.mjs'

/**
 * Opens one of our own pages as somebody of the cast, signing in by password on the way.
 * @param how lang, screen (one of axe.mjs's) and whether scripts run
 * @returns the page, where path leads; page.close() ends it
 */
export async function enter(chromium, key, path, { lang = 'fr', screen, script = false } = {}) {
  const page = await chromium.page({ lang, script })
  if (screen) await show(page, screen)
  await page.open(demo.base + path)
  const { login, password } = person(key)
  await page.fill('#login', login)
  await page.fill('#password', password)
  await page.click('input[name=step][value=sign-in] ~ button')
  assert.equal(await page.evaluate('location.pathname'), path.split('?')[0], `${key} is not where ${path} leads: ${await page.evaluate('document.body.innerText')}`)
  return page
}

/** Has dr-urgence open somebody's record on the page of emergencies, which reads the vital set. */
export async function glass(chromium, key) {
  const page = await enter(chromium, 'dr-urgence', '/emergency')
  await page.fill('#who', person(key).ins)
  await page.click('#seek button[type=submit]')
  await page.click('.big button[value=unconscious]')
  assert.ok(await page.evaluate('Boolean(document.querySelector("dl.set"))'), await page.evaluate('document.body.innerText'))
  await page.close()
}
