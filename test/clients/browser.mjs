// A browser without a window: it keeps cookies, follows redirects up to the app's own address, and fills in forms.

const maxSteps = 12

export class Browser {
  #cookies = new Map()
  /** Every address it went to. */
  visited = []

  /** Opens an address and follows redirects; stops at one that leaves for `home`, the app's own. */
  async open(address, home, init = {}) {
    for (let step = 0; step < maxSteps; step++) {
      this.visited.push(address)
      const response = await fetch(address, { ...init, redirect: 'manual', headers: this.#headers(init.headers) })
      this.#keep(response)
      const location = response.headers.get('location')
      if (!location) {
        return { address, status: response.status, html: await response.text() }
      }
      await response.body?.cancel()
      address = new URL(location, address).href
      if (home && address.startsWith(home)) return { returned: new URL(address) }
      init = {}
    }
    throw new Error(`too many redirects, the last to ${address}`)
  }

  /** Fills in the form of a page whose hidden field `step` has that value, and posts it. */
  async submit(page, step, values, home) {
    return this.fill(page, (form) => form.fields.get('step') === step, values, home)
  }

  /** Fills in the first form of a page that is the right one, and posts it. */
  async fill(page, right, values, home) {
    const form = forms(page.html).find(right)
    if (!form) throw new Error(`the page at ${page.address} lacks the form ${right}:\n${text(page.html)}`)
    const body = new URLSearchParams(form.fields)
    for (const [name, value] of Object.entries(values)) body.set(name, value)
    const address = new URL(form.action, page.address).href
    return this.open(address, home, {
      method: 'POST',
      body,
      headers: { origin: new URL(address).origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  #headers(more) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return { accept: 'text/html', 'accept-language': 'fr', ...(cookie && { cookie }), ...more }
  }

  #keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      const gone = attributes.some((a) => /^\s*max-age\s*=\s*(0|-\d+)\s*$/i.test(a))
      if (gone || value === '') this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
  }
}

/** The forms of a page: where each is posted, and the fields that it has from the start. */
function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes, inside]) => {
    const fields = new Map()
    for (const [input] of inside.matchAll(/<input\b[^>]*>/g)) {
      const type = attribute(input, 'type')
      const ticked = /\schecked\b/.test(input) && !/\sdisabled\b/.test(input)
      if (type === 'hidden' || ((type === 'radio' || type === 'checkbox') && ticked)) {
        fields.set(attribute(input, 'name'), attribute(input, 'value') ?? '')
      }
    }
    return { action: attribute(attributes, 'action'), fields }
  })
}

function attribute(tag, name) {
  const found = tag.match(new RegExp(`\\b${name}="([^"]*)"`))
  return found && unescape(found[1])
}

function unescape(html) {
  return html
    .replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(n))
    .replaceAll('&#x27;', "'").replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function text(html) {
  return unescape(html.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')).slice(0, 2000)
}

/** What a person sees of a page. */
export const shown = (page) => text(page.html)
