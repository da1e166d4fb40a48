// Opens the copy of an emergency card without network: decrypts the file under its key, checks the signature of the server by
// the keys that came with this page, and shows the vital set. File and key stay in this page.
const $ = (id) => document.getElementById(id)
const form = $('open')
const shown = $('shown')
const says = [...document.querySelectorAll('[data-says]')]
const utf8 = new TextDecoder('utf-8', { fatal: true })
const longest = 2_000_000 // bytes of a file that is read at all

const say = (...names) => {
  for (const one of says) one.hidden = !names.includes(one.dataset.says)
}

function bytesOf(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}

const json = (base64url) => JSON.parse(utf8.decode(bytesOf(base64url)))

/** The key in a link that was scanned, or in letters that were typed; letters that look like no letter of a key stand for it. */
function keyIn(text) {
  const link = /shlink:\/([\w-]+)/.exec(text)
  if (link) return bytesOf(json(link[1]).key)
  const letters = text.toUpperCase().replaceAll('0', 'O').replaceAll('1', 'I').replaceAll('8', 'B').replaceAll(/[^A-Z2-7]/g, '')
  const out = []
  let bits = 0
  let value = 0
  for (const letter of letters) {
    value = ((value << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((value >> bits) & 0xff)
    }
  }
  return Uint8Array.from(out)
}

/** Why a copy does not open: the name of a sentence of the page. */
class Shut extends Error {}

async function decrypted(file, key) {
  const parts = file.trim().split('.')
  let header
  try {
    header = json(parts[0])
  } catch {
    throw new Shut('file')
  }
  if (parts.length !== 5 || parts[1] !== '' || header.alg !== 'dir' || header.enc !== 'A256GCM') throw new Shut('file')
  try {
    const [iv, text, tag] = parts.slice(2).map(bytesOf)
    const whole = new Uint8Array([...text, ...tag])
    const secret = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt'])
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(parts[0]), tagLength: 128 }, secret, whole)
    return JSON.parse(utf8.decode(plain)).verifiableCredential[0]
  } catch {
    throw new Shut('shut')
  }
}

/** The copy in a signed card, and whether a key of this page says that it is the server's. */
async function verified(card) {
  const [head, body, signature] = card.split('.')
  const header = json(head)
  if (header.alg !== 'ES256' || header.typ !== 'vital-copy+jwt') throw new Shut('changed')
  const jwk = JSON.parse(form.dataset.keys).keys.find((k) => k.kid === header.kid)
  if (!jwk) return { copy: json(body), known: false }
  const key = await crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
  const right = await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, bytesOf(signature), new TextEncoder().encode(`${head}.${body}`))
  if (!right) throw new Shut('changed')
  return { copy: json(body), known: true }
}

const node = (name, text, className) => Object.assign(document.createElement(name), { textContent: text, className: className ?? '' })

const inWords = (date, more) => date.toLocaleDateString(document.documentElement.lang === 'fr' ? 'fr-FR' : 'en-GB', { day: 'numeric', month: 'long', year: 'numeric', ...more })

const dayOf = (seconds) => inWords(new Date(seconds * 1000))

/** A birth date in words; one that is not known to the day stays as it is. */
const birthOf = (date) => (/^\d{4}-\d\d-\d\d$/.test(date) ? inWords(new Date(date), { timeZone: 'UTC' }) : date)

function mark(resource) {
  const status = resource?.clinicalStatus?.coding?.[0]?.code
  if (resource?.resourceType !== 'AllergyIntolerance') return ''
  if (status === 'inactive' || status === 'resolved') return shown.dataset.past
  return resource.criticality === 'high' ? shown.dataset.high : ''
}

function show(copy) {
  const entries = copy.vc.credentialSubject.fhirBundle.entry
  const of = (reference) => entries.find((e) => e.fullUrl === reference)?.resource
  const person = of('resource:0')
  const name = person.name?.find((n) => n.use === 'official') ?? person.name?.[0] ?? {}
  const born = person.birthDate ? ` · ${birthOf(person.birthDate)}` : ''
  const ins = person.identifier?.[0]?.value
  $('who').textContent = (name.text ?? [...(name.given ?? []), name.family].join(' ')) + born + (ins ? ` · INS ${ins}` : '')
  $('made').textContent = dayOf(copy.nbf)
  $('until').textContent = dayOf(copy.exp)
  const composition = entries.map((e) => e.resource).find((r) => r.resourceType === 'Composition')
  for (const place of shown.querySelectorAll('[data-section]')) {
    const section = composition.section.find((s) => s.code.coding[0].code === place.dataset.section)
    place.replaceChildren()
    if (!section?.entry?.length) {
      place.append(node('p', shown.dataset.none, 'nothing'))
      continue
    }
    const list = node('ul', '')
    for (const entry of section.entry) {
      const line = node('li', '')
      line.append(node('strong', entry.display))
      const word = mark(of(entry.reference))
      if (word) line.append(' ', node('span', word, 'badge bad'))
      list.append(line)
    }
    place.append(list)
  }
}

async function open() {
  shown.hidden = true
  const file = $('file').files[0]
  if (!file || file.size > longest) throw new Shut('file')
  let key
  try {
    key = keyIn($('key').value)
  } catch {
    throw new Shut('key')
  }
  if (key.length !== 32) throw new Shut('key')
  const { copy, known } = await verified(await decrypted(await file.text(), key))
  show(copy)
  const over = Date.now() / 1000 >= copy.exp
  say(...(known ? ['verified'] : ['unverified']), ...(over ? ['expired'] : []))
  shown.hidden = false
  $('who').focus()
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  try {
    await open()
  } catch (error) {
    say(error instanceof Shut ? error.message : 'file')
    document.querySelector('[data-says]:not([hidden])').focus()
  }
})

/** Puts this page, in both languages, and what it needs into the cache, so that it opens without network from now on. */
async function keep() {
  const cache = await caches.open('emergency-card-page')
  const path = location.pathname
  for (const asset of [document.querySelector('link[rel=stylesheet]').href, document.querySelector('script[src]').src]) await cache.add(asset)
  for (const lang of ['fr', 'en']) {
    const page = await fetch(`${path}?lang=${lang}`, { credentials: 'omit' }) // whose language is chosen stays as it is
    if (!page.ok) throw new Error(`${page.status}`)
    if (lang === document.documentElement.lang) await cache.put(path, page.clone())
    await cache.put(`${path}?lang=${lang}`, page)
  }
  await navigator.serviceWorker.ready
  $('kept').hidden = false
}

/** Types the key that was scanned, and takes it out of the address. */
function take() {
  if (location.hash.length < 2) return
  $('key').value = location.hash.slice(1)
  history.replaceState(null, '', location.pathname + location.search)
}

take()
addEventListener('hashchange', take)
if (!window.isSecureContext) {
  say('insecure')
} else if ('serviceWorker' in navigator) {
  form.hidden = false
  navigator.serviceWorker.register(form.dataset.worker, { scope: location.pathname }).then(keep).catch(() => {
    $('kept').hidden = !navigator.serviceWorker.controller // kept earlier, and there is no network now
  })
} else {
  form.hidden = false
}
