// Signing in, in a real browser: passwords, one-time codes, passkeys, step-up, sessions, acting for another. Run by
// `node --test` with PONTLEVIS_DATA naming the data of a demo that listens on localhost: passkeys want a host name.
import assert from 'node:assert/strict'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Chromium } from './chromium.mjs'
import { demo, person } from '../demo.mjs'

let chromium, app, home
const arrivals = []

before(async () => {
  chromium = new Chromium()
  app = createServer((request, response) => {
    if (request.url.startsWith('/callback')) arrivals.push(new URL(request.url, home))
    response.setHeader('content-type', 'text/html').end('<title>app</title><p id="app">back at the app</p>')
  })
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve))
  home = `http://127.0.0.1:${app.address().port}/callback`
})

after(async () => {
  app.close()
  await chromium.close()
})

const signIn = 'form:has([value="sign-in"]) button'
const code = 'form:has([name=code]):has([value=code]) button'
const passkey = 'form[data-passkey=get] button'
const does = (what) => `form:has([name=do][value="${what}"]) button`

async function byPassword(tab, key) {
  const who = person(key)
  await tab.fill({ '#login': who.login, '#password': who.password })
  await tab.press(signIn)
}

/** The code of an authenticator app (RFC 6238). */
function codeOf(secret, at = Date.now()) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const sum = createHmac('sha1', key).update(counter).digest()
  return String((sum.readUInt32BE(sum.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

/** An authorization request, and the exchange of what comes back. */
function flow(scope, more = {}, client = 'portal') {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(8).toString('hex')
  const address = `${demo.base}/oauth2/authorize?` + new URLSearchParams({
    response_type: 'code', client_id: client, redirect_uri: home, scope, state, aud: demo.fhir,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...more,
  })
  return {
    address,
    async tokens(tab) {
      await tab.until(`document.querySelector('#app')`, 'the app')
      const arrived = arrivals.find((u) => u.searchParams.get('state') === state)
      assert.ok(arrived?.searchParams.get('code'), `no code: ${arrived}`)
      const response = await fetch(`${demo.base}/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code', client_id: client, code: arrived.searchParams.get('code'), redirect_uri: home, code_verifier: verifier,
        }),
      })
      const answer = await response.json()
      assert.equal(response.status, 200, JSON.stringify(answer))
      answer.claims = JSON.parse(Buffer.from(answer.id_token.split('.')[1], 'base64url'))
      return answer
    },
  }
}

/** What no page may do: run over the side, lose the language, or violate its own policy. */
async function sound(tab, language) {
  assert.equal(await tab.evaluate('document.documentElement.lang'), language)
  assert.ok(await tab.evaluate('document.documentElement.scrollWidth <= innerWidth'), `a page runs over the side: ${await tab.text()}`)
  const policy = tab.complaints.filter((c) => !c.startsWith('Failed to load resource'))
  assert.deepEqual(policy, [])
}

test('a person adds a passkey, signs in with it alone, and apps are told how', async () => {
  const tab = await chromium.tab({ width: 390, height: 800 })
  await tab.authenticator()
  await tab.open(`${demo.base}/oauth2/sessions`)
  await sound(tab, 'fr')
  await byPassword(tab, 'yanis')
  await tab.fill({ '#passkey-name': 'Mon téléphone' })
  await tab.press('form[data-passkey=create] button')
  assert.match(await tab.text(), /Mon téléphone/)
  await sound(tab, 'fr')
  await tab.press('form[action="/oauth2/sign-out"] button')

  const offered = flow('openid launch/patient patient/*.rs')
  await tab.open(offered.address)
  await tab.press('button[value=allow]') // the virtual authenticator takes the offer within the field of the login by itself
  assert.equal((await offered.tokens(tab)).claims.acr, 'eidas2')
  await tab.open(`${demo.base}/oauth2/sessions`)
  await tab.press('form[action="/oauth2/sign-out"] button')

  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: 'PublicKeyCredential.isConditionalMediationAvailable = async () => false' })
  const asked = flow('openid launch/patient patient/*.rs')
  await tab.open(asked.address)
  await tab.press(passkey)
  await tab.press('button[value=allow]')
  const { claims, patient } = await asked.tokens(tab)
  assert.equal(claims.acr, 'eidas2')
  assert.deepEqual(claims.amr, ['pop', 'user', 'mfa'])
  assert.equal(patient, 'yanis')
  await tab.open(`${demo.base}/oauth2/sessions`)
  await tab.press(does('remove-passkey'))
  assert.doesNotMatch(await tab.text(), /Mon téléphone/)
})

test('an app that wants more gets the missing proof asked, in the session that is there', async () => {
  const tab = await chromium.tab()
  const authenticator = await tab.authenticator()
  const touches = (enabled) => tab.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: authenticator, enabled })
  await tab.open(`${demo.base}/oauth2/sessions`)
  await byPassword(tab, 'dr-benali')
  await tab.press('form[data-passkey=create] button')
  await tab.press('form[action="/oauth2/sign-out"] button')
  const first = flow('openid user/*.rs')
  await touches(false) // else the offer within the field of the login is taken at once
  await tab.open(first.address)
  await byPassword(tab, 'dr-benali')
  await tab.press('button[value=allow]')
  const weak = await first.tokens(tab)
  assert.equal(weak.claims.acr, 'eidas1')

  const second = flow('openid user/*.rs', { acr_values: 'eidas2' })
  await tab.open(second.address)
  assert.equal(await tab.evaluate(`document.querySelector('#password')`), null, 'the password is asked again')
  await touches(true)
  await tab.press(passkey)
  await tab.press('button[value=allow]')
  const strong = await second.tokens(tab)
  assert.equal(strong.claims.acr, 'eidas2')
  assert.equal(strong.claims.sid, weak.claims.sid, 'another session')
})

test('a code is asked after the password, without JavaScript too', async () => {
  const tab = await chromium.tab({ width: 390, height: 800, javascript: false, language: 'en' })
  await tab.open(`${demo.base}/oauth2/sessions`)
  await byPassword(tab, 'dr-noel')
  assert.equal(await tab.evaluate('document.activeElement.id'), 'code')
  await sound(tab, 'en')
  await tab.fill({ '#code': '000000' })
  await tab.press(code)
  assert.equal(await tab.evaluate('document.activeElement.getAttribute("role")'), 'alert', 'the focus is not on what went wrong')
  assert.equal(await tab.evaluate('document.querySelector("#code").getAttribute("aria-invalid")'), 'true')
  await tab.fill({ '#code': codeOf(person('dr-noel').code_secret) })
  await tab.press(code)
  assert.match(await tab.text(), /two proofs/)
  assert.equal(await tab.evaluate('getComputedStyle(document.querySelector("form.passkey")).display'), 'none', 'a form that needs the script shows without it')
  await sound(tab, 'en')
})

test('the letter lets its holder choose a password, once', async () => {
  const tab = await chromium.tab({ width: 390, height: 800, javascript: false })
  await tab.open(`${demo.base}/oauth2/sessions`)
  const letter = { '#letter-login': 'elise', '#letter-code': person('elise').enrolment_code.toLowerCase() }
  await tab.open(`${demo.base}/oauth2/sessions`)
  await tab.evaluate(`document.querySelector('details.letter').open = true`)
  await tab.fill(letter)
  await tab.press('details.letter button')
  await sound(tab, 'fr')
  await tab.fill({ '#new-password': 'Pont-neuf?2026', '#new-password-again': 'Pont-neuf?2026' })
  await tab.press('button.primary')
  assert.match(await tab.text(), /cette session/)
  const other = await chromium.tab()
  await other.open(`${demo.base}/oauth2/sessions`)
  await other.evaluate(`document.querySelector('details.letter').open = true`)
  await other.fill(letter)
  await other.press('details.letter button')
  assert.ok(await other.evaluate(`document.querySelector('[role=alert]')`), 'the code was good twice')
})

test('a person sees their sessions and ends the others', async () => {
  const here = await chromium.tab()
  const there = await chromium.tab({ width: 390, height: 800 })
  for (const tab of [here, there]) {
    await tab.open(`${demo.base}/oauth2/sessions`)
    await byPassword(tab, 'jeanne')
  }
  await here.open(`${demo.base}/oauth2/sessions`)
  assert.equal(await here.evaluate(`document.querySelectorAll('.items li').length`), 2)
  await here.press(does('end-others'))
  assert.equal(await here.evaluate(`document.querySelectorAll('.items li').length`), 1)
  await there.open(`${demo.base}/oauth2/sessions`)
  assert.ok(await there.evaluate(`document.querySelector('#password')`), 'an ended session goes on')
})

test('somebody acts for another in their own name', async () => {
  for (const [key, patient] of [['karim', 'lucas'], ['sofia', 'jeanne']]) {
    const tab = await chromium.tab()
    const asked = flow('openid fhirUser launch/patient patient/*.rs')
    await tab.open(asked.address)
    await byPassword(tab, key)
    assert.match(await tab.text(), new RegExp(person(patient).name))
    await tab.press('button[value=allow]')
    const answer = await asked.tokens(tab)
    assert.equal(answer.patient, patient)
    assert.match(answer.claims.fhirUser, new RegExp(`RelatedPerson/.*${key}`))
  }
})
