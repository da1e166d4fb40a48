// Passkeys in the forms of our own pages. A form with data-passkey asks the browser for what data-options says, puts the
// answer into its field `credential`, and is then posted as any other. Without this script, or in a browser that knows no
// passkeys, such forms stay hidden and people sign in with their password.
'use strict';
(() => {
  const forms = document.querySelectorAll('form[data-passkey]')
  if (!window.PublicKeyCredential || forms.length === 0) return

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
  const text = (buffer) => {
    let binary = ''
    for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte)
    return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  }

  // PublicKeyCredential…OptionsJSON → the options themselves (WebAuthn §5.1.8, §5.1.9).
  const options = (form) => {
    const o = JSON.parse(form.dataset.options)
    o.challenge = bytes(o.challenge)
    if (o.user) o.user.id = bytes(o.user.id)
    for (const list of [o.allowCredentials, o.excludeCredentials]) {
      for (const c of list || []) c.id = bytes(c.id)
    }
    return o
  }

  // A credential → its JSON (WebAuthn §5.1).
  const json = (c) => {
    const r = c.response
    const response = { clientDataJSON: text(r.clientDataJSON) }
    if (r.attestationObject) {
      response.attestationObject = text(r.attestationObject)
      response.transports = r.getTransports ? r.getTransports() : []
    } else {
      response.authenticatorData = text(r.authenticatorData)
      response.signature = text(r.signature)
      response.userHandle = r.userHandle ? text(r.userHandle) : null
    }
    return JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type, response, clientExtensionResults: {} })
  }

  const send = (form, credential) => {
    form.elements.credential.value = json(credential)
    HTMLFormElement.prototype.submit.call(form)
  }

  let waiting = null // the offer within the field of the login, which ends when the button is used

  const ask = async (form) => {
    if (waiting) waiting.abort()
    const problem = form.querySelector('[role=alert]')
    const button = form.querySelector('button')
    problem.hidden = true
    button.disabled = true
    try {
      const publicKey = options(form)
      send(form, form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey })
        : await navigator.credentials.get({ publicKey }))
    } catch {
      problem.hidden = false
      button.disabled = false
      button.focus()
    }
  }

  for (const form of forms) {
    form.hidden = false
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      ask(form)
    })
  }

  const offer = async () => {
    const form = document.querySelector('form[data-passkey=get]')
    const field = document.querySelector('input[autocomplete~=webauthn]')
    if (!form || !field || !PublicKeyCredential.isConditionalMediationAvailable) return
    if (!await PublicKeyCredential.isConditionalMediationAvailable()) return
    waiting = new AbortController()
    try {
      send(form, await navigator.credentials.get({ publicKey: options(form), mediation: 'conditional', signal: waiting.signal }))
    } catch {
      // Nobody took the offer; the button is there.
    }
  }
  offer()
})()
