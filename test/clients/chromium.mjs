// Chromium without a window, driven over the pipe of its own debugging protocol: one browser, pages opened in turn.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const patience = 60_000 // ms; a loaded machine with two processors still answers well within it

export class Chromium {
  #process
  #profile = mkdtempSync(join(tmpdir(), 'pontlevis-chromium-'))
  #waiting = new Map()
  #next = 1

  /** Starts a browser. */
  static async start(program = process.env.PONTLEVIS_CHROMIUM ?? 'chromium') {
    const c = new Chromium()
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions', '--hide-scrollbars']
    c.#process = spawn(program, [...args, '--remote-debugging-pipe', `--user-data-dir=${c.#profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    c.#process.once('error', (error) => c.#fail(error))
    c.#process.once('exit', () => c.#fail(new Error('chromium ended')))
    c.#listen(c.#process.stdio[4])
    await c.send('Browser.getVersion')
    return c
  }

  #listen(pipe) {
    let rest = Buffer.alloc(0)
    pipe.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        const message = JSON.parse(rest.subarray(0, end).toString())
        rest = rest.subarray(end + 1)
        const asked = this.#waiting.get(message.id)
        if (!asked) continue // an event: pages are looked at, not listened to
        this.#waiting.delete(message.id)
        if (message.error) asked.reject(new Error(`${asked.method}: ${message.error.message}`))
        else asked.resolve(message.result)
      }
    })
  }

  #fail(error) {
    for (const asked of this.#waiting.values()) asked.reject(error)
    this.#waiting.clear()
  }

  /** Sends one command of the debugging protocol and resolves to its result. */
  send(method, params = {}, sessionId) {
    const id = this.#next++
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }))
  }

  /** Opens a page with cookies of its own, as a person with this language and this width of screen would. */
  async page({ lang = 'fr', width = 1280, script = true } = {}) {
    const { browserContextId } = await this.send('Target.createBrowserContext')
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page((method, params) => this.send(method, params, sessionId), () => this.send('Target.disposeBrowserContext', { browserContextId }))
    await page.send('Page.enable')
    await page.send('Network.enable')
    await page.speak(lang)
    await page.resize(width)
    await page.script(script)
    return page
  }

  async close() {
    const ended = once(this.#process, 'exit')
    this.send('Browser.close').catch(() => this.#process.kill('SIGKILL'))
    await Promise.race([ended, wait(5_000, undefined, { ref: false }).then(() => this.#process.kill('SIGKILL'))])
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20 })
  }
}

class Page {
  constructor(send, close) {
    Object.assign(this, { send, close })
  }

  /** Sets the language that the person prefers. */
  speak(lang) {
    return this.send('Network.setExtraHTTPHeaders', { headers: { 'Accept-Language': lang } })
  }

  /** Makes the window so wide, in CSS pixels. */
  resize(width) {
    return this.send('Emulation.setDeviceMetricsOverride', { width, height: width < 600 ? 844 : 900, deviceScaleFactor: 1, mobile: width < 600 })
  }

  /** Lets pages run scripts, or not: the next page that is opened is parsed accordingly. */
  script(on) {
    return this.send('Emulation.setScriptExecutionDisabled', { value: !on })
  }

  async open(url) {
    await this.evaluate('void (window.leaving = true)')
    const { errorText } = await this.send('Page.navigate', { url })
    if (errorText && errorText !== 'net::ERR_ABORTED') throw new Error(`${url}: ${errorText}`)
    await this.until('!window.leaving && document.documentElement && document.readyState === "complete"')
  }

  /** The value of an expression in the page. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
    return result.value
  }

  /** Waits until an expression is true in whatever page there is. */
  async until(expression) {
    let last
    for (let end = Date.now() + patience; Date.now() < end; await wait(25)) {
      try {
        if (await this.evaluate(expression)) return
      } catch (error) {
        last = error // the page was left meanwhile
      }
    }
    throw new Error(`never came true: ${expression} at ${await this.evaluate('location.href + "\\n" + document.body.innerText')} ${last ?? ''}`)
  }

  /** Types into a field. */
  async fill(selector, value) {
    await this.evaluate(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.focus(); e.select() })()`)
    await this.send('Input.insertText', { text: value })
  }

  /** Chooses a file of this machine. */
  async attach(selector, file) {
    const { root } = await this.send('DOM.getDocument', { depth: 0 })
    const { nodeId } = await this.send('DOM.querySelector', { nodeId: root.nodeId, selector })
    if (!nodeId) throw new Error(`no ${selector} at ${await this.evaluate('location.href + "\\n" + document.body.innerText')}`)
    await this.send('DOM.setFileInputFiles', { nodeId, files: [file] })
  }

  /** Clicks, and waits for the page that this leads to. */
  async click(selector) {
    await this.evaluate(`void (window.leaving = true)`)
    const there = await this.evaluate(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e?.click(); return Boolean(e) })()`)
    if (!there) throw new Error(`no ${selector} at ${await this.evaluate('location.href + "\\n" + document.body.innerText')}`)
    await this.until('!window.leaving && document.documentElement && document.readyState === "complete"')
  }

  /** Writes what the whole page looks like to a PNG file. */
  async screenshot(file) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true })
    writeFileSync(file, Buffer.from(data, 'base64'))
  }
}
