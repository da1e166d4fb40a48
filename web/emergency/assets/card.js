// Takes the code of an emergency card from the address to which its QR code led, and types it into the form. The code stands
// in the fragment, which browsers do not send; it stays in this tab through the sign-in, and leaves it once used.
const kept = 'emergency-card'
const patience = 15 * 60_000 // ms; a code that was scanned earlier is not used by surprise
const form = document.getElementById('card')

/** Takes the code out of the address, and tells whether there was one. */
function take() {
  const scanned = location.hash.slice(1, 101)
  if (!scanned) return false
  sessionStorage.setItem(kept, JSON.stringify({ code: scanned, at: Date.now() }))
  history.replaceState(null, '', location.pathname + location.search)
  return true
}

/** Sends the form with the code that was taken, once. */
function use() {
  const { code, at } = JSON.parse(sessionStorage.getItem(kept) ?? '{}')
  sessionStorage.removeItem(kept)
  if (!code || Date.now() - at > patience) return
  document.getElementById('code').value = code
  form.requestSubmit()
}

take()
if (form && !form.dataset.answered) use()
addEventListener('hashchange', () => { // another card, scanned while this page is open
  if (take() && form) use()
})
