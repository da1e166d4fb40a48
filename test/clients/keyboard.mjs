// A page used with no pointer.
import assert from 'node:assert/strict'

/** Presses one key in a page. */
export async function press(page, key, code, more = {}) {
  for (const type of ['keyDown', 'keyUp']) await page.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: code, ...(type === 'keyDown' ? more : {}) })
}

/** Presses Enter on whatever has the focus. */
export const pressEnter = (page) => press(page, 'Enter', 13, { text: '\r' })

/** Whether what has the focus is seen to have it: by an outline or a shadow, or by the stroke of the dot that stands for it in a picture. */
const seen = `(() => {
  const focused = document.activeElement
  const style = getComputedStyle(focused.querySelector('.dot') ?? focused)
  return style.outlineStyle !== 'none' || style.boxShadow !== 'none' || parseFloat(style.strokeWidth) >= 5
})()`

/** Goes on to a control with the Tab key, and sees that it shows the focus. */
export async function tabTo(page, selector) {
  for (let tries = 0; tries < 200; tries++) {
    if (await page.evaluate(`Boolean(document.activeElement?.matches(${JSON.stringify(selector)}))`)) {
      assert.ok(await page.evaluate(seen), `${selector} does not show that it has the focus`)
      return
    }
    await press(page, 'Tab', 9)
  }
  assert.fail(`${selector} is not reached by keyboard at ${await page.evaluate('location.href + "\\n" + document.body.innerText')}`)
}

/** Presses Enter and waits for the page that this leads to. */
export async function leave(page) {
  await page.evaluate('void (window.leaving = true)')
  await pressEnter(page)
  await page.until('!window.leaving && document.documentElement && document.readyState === "complete"')
}

/** Goes to a link or button and presses Enter on it. */
export async function go(page, selector) {
  await tabTo(page, selector)
  await leave(page)
}

/** Goes to a disclosure and opens it. */
export async function unfold(page, selector) {
  await tabTo(page, `${selector} > summary`)
  await pressEnter(page)
}

/** Goes to a field and types into it. */
export async function type(page, selector, text) {
  await tabTo(page, selector)
  await page.send('Input.insertText', { text })
}

/** Goes to a box, or to the radio button of its group that is reached, and chooses it. */
export async function choose(page, selector) {
  await tabTo(page, selector)
  await press(page, ' ', 32, { text: ' ' })
}

/** Chooses one of a group of radio buttons by its arrows. */
export async function pick(page, name, value) {
  const chosen = () => page.evaluate(`document.querySelector('input[name="${name}"]:checked')?.value`)
  await choose(page, `input[name="${name}"]`)
  for (let tries = 0; await chosen() !== value; tries++) {
    assert.ok(tries < 20, `${name} has no ${value}`)
    await press(page, 'ArrowDown', 40)
  }
}

/** Goes to a list and leads it to an entry by its arrows. */
export async function select(page, selector, value) {
  await tabTo(page, selector)
  for (let tries = 0; await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).value`) !== value; tries++) {
    assert.ok(tries < 100, `${selector} has no ${value}`)
    await press(page, 'ArrowDown', 40)
  }
}

/** Goes to a field and presses digits one by one, as a field of a date takes them. */
export async function digits(page, selector, text) {
  await tabTo(page, selector)
  for (const digit of text) await press(page, digit, digit.charCodeAt(0), { text: digit })
}
