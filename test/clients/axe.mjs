// Looks at a page as it is shown without scripts, with axe-core.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const folder = process.env.PONTLEVIS_SCREENSHOTS // where pictures of every page go, for a person to look at

/** What is wrong with the page that is open, in one line each: findings of axe-core, and whatever is wider than the screen. */
export async function findings(page, name) {
  if (folder) await page.screenshot(join(folder, `${name.replaceAll(/[^\w.-]+/g, '-')}.png`))
  const wide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
  await page.script(true) // the page was parsed without; axe-core needs it for itself
  await page.evaluate(`${axe}; undefined`)
  const { violations } = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(rules)}, resultTypes: ['violations'] })`)
  await page.script(false)
  return [
    ...(wide ? [`${name}: wider than the screen`] : []),
    ...violations.flatMap((v) => v.nodes.map((n) => `${name}: ${v.id} (${v.impact}): ${v.help}: ${n.html.slice(0, 200)} ${n.failureSummary?.split('\n').slice(1).join(';').slice(0, 200)}`)),
  ]
}

/** The two kinds of screen: a phone by day and a desk by night. */
export const screens = [{ width: 390, scheme: 'light' }, { width: 1280, scheme: 'dark' }]

/** Makes a page's screen one of these. */
export async function show(page, { width, scheme }) {
  await page.resize(width)
  await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
}
