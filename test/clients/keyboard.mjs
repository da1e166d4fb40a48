// A page used with no pointer.
import assert from 'node:assert/strict'

/** Presses one key in a page. */
export async function press(page, key, code, more = {}) {
  for (const type of ['keyDown', 'keyUp']) await page.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code, ...(type === 'keyDown' ? more : {}) })
}

/** Goes to a control with the Tab key. */
export async function tabTo(page, selector) {
  for (let tries = 0; tries < 200; tries++) {
    if (await page.evaluate(`Boolean(document.activeElement?.matches(${JSON.stringify(selector)}))`)) return
    await press(page, 'Tab', 9)
  }
  assert.fail(`${selector} is not reached by keyboard at ${await page.evaluate('location.href + "\\n" + document.body.innerText')}`)
}

/** Goes to a link or button, presses Enter, and waits for the page that this leads to. */
export async function go(page, selector) {
  await tabTo(page, selector)
  await page.evaluate('void (window.leaving = true)')
  await press(page, 'Enter', 13, { text: '\r' })
  await page.until('!window.leaving && document.documentElement && document.readyState === "complete"')
}

/** Goes to a field and types into it. */
export async function type(page, selector, text) {
  await tabTo(page, selector)
  await page.send('Input.insertText', { text })
}

/** Goes to a box or a radio button and chooses it. */
export async function choose(page, selector) {
  await tabTo(page, selector)
  await press(page, ' ', 32, { text: ' ' })
}
