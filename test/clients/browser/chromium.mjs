// Debian's chromium, driven over its own pipe (Chrome DevTools Protocol): nothing to install, no port to find.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const patience = 30_000

export class Chromium {
  #process
  #folder
  #next = 0
  #waiting = new Map()
  #listeners = new Set()
  #rest = ''

  /** Starts a browser without a window and with a profile of its own. */
  constructor(program = process.env.CHROMIUM || 'chromium') {
    this.#folder = mkdtempSync(join(tmpdir(), 'pontlevis-chromium-'))
    this.#process = spawn(program, [
      '--headless=new', '--remote-debugging-pipe', '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage', '--no-sandbox',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--mute-audio', '--lang=fr',
      `--user-data-dir=${this.#folder}`, 'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    this.#process.stdio[4].setEncoding('utf8').on('data', (chunk) => this.#read(chunk))
    this.#process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('chromium ended'))
      this.#waiting.clear()
    })
  }

  #read(chunk) {
    const messages = (this.#rest + chunk).split('\0')
    this.#rest = messages.pop()
    for (const text of messages) {
      const message = JSON.parse(text)
      const waiting = this.#waiting.get(message.id)
      if (waiting) {
        this.#waiting.delete(message.id)
        if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`))
        else waiting.resolve(message.result)
      } else {
        for (const listen of this.#listeners) listen(message)
      }
    }
  }

  send(method, params = {}, sessionId) {
    const id = ++this.#next
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject })
      this.#process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0')
    })
  }

  listen(listener) {
    this.#listeners.add(listener)
  }

  /** Opens a tab in a context of its own: no cookie of another one is there. */
  async tab({ width = 1280, height = 900, javascript = true, language = 'fr' } = {}) {
    const { browserContextId } = await this.send('Target.createBrowserContext')
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const tab = new Tab(this, sessionId)
    await tab.send('Page.enable')
    await tab.send('Runtime.enable')
    await tab.send('Log.enable')
    const { userAgent } = await this.send('Browser.getVersion')
    await tab.send('Emulation.setUserAgentOverride', { userAgent, acceptLanguage: language })
    await tab.resize(width, height)
    if (!javascript) await tab.send('Emulation.setScriptExecutionDisabled', { value: true })
    return tab
  }

  async close() {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.send('Browser.close').catch(() => {})
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(timer)
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

export class Tab {
  /** What the browser complained of: violations of the page's policy, errors of its script. */
  complaints = []

  constructor(chromium, session) {
    this.chromium = chromium
    this.session = session
    chromium.listen((m) => {
      if (m.sessionId !== session) return
      if (m.method === 'Log.entryAdded' && m.params.entry.level === 'error') this.complaints.push(m.params.entry.text)
      if (m.method === 'Runtime.exceptionThrown') this.complaints.push(m.params.exceptionDetails.text)
    })
  }

  send(method, params) {
    return this.chromium.send(method, params, this.session)
  }

  resize(width, height) {
    return this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 })
  }

  async open(address) {
    await this.send('Page.navigate', { url: address })
    await this.until(`document.readyState === 'complete' && location.href !== 'about:blank'`, `the page at ${address}`)
  }

  /** Evaluates an expression in the page, also where the page itself may run no script. */
  async evaluate(expression, userGesture = false) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true, userGesture })
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
    return result.value
  }

  /** Waits until an expression is true in whatever page is there by then. */
  async until(expression, what = expression) {
    const end = Date.now() + patience
    for (;;) {
      const found = await this.evaluate(expression).catch(() => false) // a page that is going away answers nothing
      if (found) return found
      if (Date.now() > end) throw new Error(`waited in vain for ${what}; the page says:\n${await this.text()}`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }

  text() {
    return this.evaluate(`location.href + '\\n' + document.body.innerText`).catch((e) => String(e))
  }

  /** Types into fields as a person does: focus, then keys. */
  async fill(values) {
    for (const [selector, value] of Object.entries(values)) {
      await this.until(`document.querySelector(${JSON.stringify(selector)})`, selector)
      await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`)
      await this.send('Input.insertText', { text: value })
    }
  }

  /** Presses a button and waits for the page that follows it. */
  async press(selector) {
    await this.until(`document.querySelector(${JSON.stringify(selector)})`, selector)
    await this.evaluate(`window.before = true`)
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`, true)
    await this.until(`!window.before && document.readyState === 'complete'`, `the page after ${selector}`)
  }

  /** Adds an authenticator that keeps passkeys and verifies its user; returns its id. */
  async authenticator() {
    await this.send('WebAuthn.enable', { enableUI: false })
    const { authenticatorId } = await this.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    })
    return authenticatorId
  }

  async screenshot() {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true })
    return Buffer.from(data, 'base64')
  }
}
