// Pictures of the pages of people as they are first seen, in both languages, on a phone by day and a desk by night, for a person
// to look at: PONTLEVIS_SCREENSHOTS is the folder. The journeys' own tests take the pictures of their states there too.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { screens } from './axe.mjs'
import { Chromium } from './chromium.mjs'
import { demo } from './demo.mjs'
import { enter } from './people.mjs'

const folder = process.env.PONTLEVIS_SCREENSHOTS
if (!folder) throw new Error('PONTLEVIS_SCREENSHOTS must name a folder')
mkdirSync(folder, { recursive: true })

/** Who opens what; nobody: the page is for everybody. */
const pages = [
  [null, '/storybook'], [null, '/catalog'], [null, '/vendor'], [null, '/vendor/signup'], ['vendor-glyc', '/vendor'], ['vendor-glyc', '/vendor/apps/glycare'], ['vendor-glyc', '/vendor/apps/glycare/figures'], ['camille', '/oauth2/apps'], ['camille', '/oauth2/sessions'],
  ['camille', '/space'], ['camille', '/space/documents'], ['camille', '/space/eyes'], ['camille', '/space/card'], ['camille', '/space/history'], ['camille', '/space/choices'], ['camille', '/space/people'], ['camille', '/space/apps'],
  ['dr-urgence', '/emergency'], ['dr-roux', '/pro'], ['dr-roux', '/pro/requests'], ['dr-roux', '/pro/notices'],
  ['dr-roux', '/pro/camille'], ['dr-roux', '/pro/camille/document/camille-consultation'], ['dr-roux', '/pro/camille/deposit'],
  ['dr-roux', '/pro/camille/consent'], ['dr-roux', '/pro/camille/colleagues'], ['reviewer', '/pro/cases'], ['authority', '/label/cases'],
  [null, '/catalog'], [null, '/catalog/glycare'], [null, '/catalog/oldapp'], ['camille', '/catalog/rappel-vaccins/connect'],
  ['label-authority', '/label'], ['label-authority', '/label/app/glycare'], ['label-authority', '/label/app/glycare/2.3.0'],
]

const chromium = await Chromium.start()
try {
  for (const lang of ['fr', 'en']) {
    for (const screen of screens) {
      for (const [who, path] of pages) {
        const page = who ? await enter(chromium, who, path, { lang, screen }) : await chromium.page({ lang, width: screen.width })
        if (!who) {
          await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: screen.scheme }] })
          await page.open(demo.base + path)
        }
        await page.screenshot(join(folder, `${path.slice(1).replaceAll('/', '-')}-${lang}-${screen.width}.png`))
        await page.close()
      }
    }
  }
} finally {
  await chromium.close()
}
