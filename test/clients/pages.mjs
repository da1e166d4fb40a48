// The pages of a running server as a person without scripts comes through them: in French on a phone and in English on a
// desk, each under axe-core.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { findings, screens, show } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo, person } from './demo.mjs'
import { home } from './signin.mjs'

let chromium
before(async () => { chromium = await Chromium.start() })
after(() => chromium?.close())

/** The authorization request of an app. */
function request(client, scope, more) {
  const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url')
  const parameters = { response_type: 'code', client_id: client, redirect_uri: home, scope, state: 'a state', aud: demo.fhir, code_challenge: challenge, code_challenge_method: 'S256' }
  return `${demo.issuer}/oauth2/authorize?${new URLSearchParams({ ...parameters, ...more })}`
}

/** The code that a device shows. */
async function userCode() {
  const response = await fetch(`${demo.issuer}/oauth2/device`, { method: 'POST', body: new URLSearchParams({ client_id: 'portal', scope: 'openid launch/patient patient/*.rs' }) })
  return (await response.json()).user_code
}

for (const [lang, screen] of [['fr', screens[0]], ['en', screens[1]]]) {
  test(`without scripts, in ${lang}, ${screen.width} wide`, async () => {
    const wrong = []
    const step = 'input[name=step][value=sign-in] ~ button'
    const visit = async (walk) => {
      const page = await chromium.page({ lang, script: false })
      await show(page, screen)
      const look = async (name, shown) => {
        const found = await page.evaluate(`Boolean(document.querySelector(${JSON.stringify(shown)}))`)
        assert.ok(found, `${name} lacks ${shown}: ${await page.evaluate('location.href + "\\n" + document.body.innerText')}`)
        assert.equal(await page.evaluate('document.documentElement.lang'), lang, name)
        wrong.push(...await findings(page, `real ${name} ${lang} ${screen.width}`))
      }
      const signIn = async (key, password = person(key).password) => {
        await page.fill('#login', person(key).login)
        await page.fill('#password', password)
        await page.click(step)
      }
      await walk(page, look, signIn)
      await page.close()
    }
    await visit(async (page, look, signIn) => {
      await page.open(request('portal', 'openid fhirUser launch/patient patient/*.rs offline_access'))
      await look('sign-in', '#password')
      await signIn('dr-roux', 'not the password')
      await look('sign-in refused', '#problem[role=alert]')
      await signIn('dr-roux')
      await look('patient', '#ins')
      await page.fill('#ins', person('camille').ins)
      await page.click('#ins ~ button')
      await look('consent', 'button[value=allow]')
    })
    await visit(async (page, look, signIn) => {
      await page.open(request('glycare', 'openid launch/patient patient/Patient.r patient/Observation.crus offline_access'))
      await signIn('karim')
      await look('consent for others', 'button[value=allow]')
      assert.ok(await page.evaluate('document.querySelectorAll(".asks input[type=checkbox]:not(:disabled)").length') > 1, 'nothing can be trimmed')
      await page.open(`${demo.issuer}/oauth2/sessions`)
      await look('sessions', 'input[value=end-others], input[value=password], h1')
      await page.open(`${demo.issuer}/oauth2/end-session`)
      await look('leave', 'button.primary')
      await page.click('button.primary')
      await look('signed out', 'h1')
    })
    await visit(async (page, look, signIn) => {
      await page.open(`${demo.issuer}/oauth2/device?user_code=${await userCode()}`)
      await look('device', '#user_code')
      await page.click('button.primary')
      await signIn('camille')
      await look('consent of a device', 'button[value=allow]')
      await page.click('button[value=allow]')
      await look('device allowed', 'h1')
    })
    await visit(async (page, look, signIn) => {
      await page.open(request('oldapp', 'openid launch/patient patient/Patient.r'))
      await look('a recalled app', 'h1')
      await page.open(request('nobody', 'openid'))
      await look('an unknown app', 'h1')
      await page.open(request('portal', 'openid', { redirect_uri: 'https://evil.example/' }))
      await look('an address that is not registered', 'h1')
      await page.open(`${demo.issuer}/oauth2/continue?tx=none`)
      await look('a sign-in that is over', 'h1')
    })
    const [coded, enrolling] = [demo.people.find((p) => p.code_secret), demo.people.find((p) => p.enrolment_code)]
    await visit(async (page, look, signIn) => {
      await page.open(request('portal', 'openid'))
      await signIn(coded.key)
      await look('second factor', '#code')
      await page.open(request('portal', 'openid'))
      await page.evaluate('void (document.querySelector("details.letter").open = true)')
      await page.fill('#letter-login', enrolling.login)
      await page.fill('#letter-code', enrolling.enrolment_code)
      await page.click('#letter-code ~ button')
      await look('enrolment', '#new-password')
    })
    assert.deepEqual(wrong, [])
  })
}
