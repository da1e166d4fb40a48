// Signing in at the real pages: login and password, the choice of a patient, consent.
import { Browser } from './browser.mjs'
import { person } from './demo.mjs'

/** Where the app waits for the browser: a loopback address on any port (RFC 8252 §7.3). */
export const home = 'http://127.0.0.1:18999/callback'

/**
 * Leads somebody of the cast from the authorization request back to the app.
 * @param key who signs in
 * @param address the authorization request
 * @param patient whose record a professional asks for, by key
 * @param acts for whom a person acts, when they act for several
 * @param decision allow or refuse
 * @returns {Promise<{returned?: URL, page?: object}>} the address at the app, or the page where it ended
 */
export async function signIn(key, address, how = {}) {
  const browser = new Browser()
  const page = await browser.open(address, how.home ?? home)
  return page.returned ? page : agree(browser, key, page, how)
}

/** Goes on from the sign-in page: who it is, the patient where one is asked for, and the answer to what the app asks. */
export async function agree(browser, key, page, { patient, acts, decision = 'allow', home: back = home, password } = {}) {
  const who = person(key)
  page = await browser.submit(page, 'sign-in', { login: who.login, password: password ?? who.password }, back)
  if (page.html?.includes('name="ins"')) {
    page = await browser.submit(page, 'patient', { ins: person(patient).ins }, back)
    if (page.html?.includes('name="ins"')) return { page } // whoever is not found, or may not be
  }
  if (!page.html?.includes('value="allow"')) return { page }
  page = await browser.submit(page, 'consent', { decision, ...(acts && { patient: acts }) }, back)
  return page.returned ? { ...page, browser } : { page }
}
