// The running demo whose data folder PONTLEVIS_DATA names: demo.json says who there is and how to sign in.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.PONTLEVIS_DATA
if (!folder) {
  throw new Error('PONTLEVIS_DATA must name the data folder of a running demo')
}

export const demo = JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8'))

/** One person of the cast, by key. */
export function person(key) {
  const found = demo.people.find((p) => p.key === key)
  if (!found) throw new Error(`demo.json knows no ${key}`)
  return found
}
