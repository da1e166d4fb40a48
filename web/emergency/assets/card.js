// Takes the code of an emergency card from the address to which its QR code led, and types it into the form. The code stands
// in the fragment, which browsers do not send; it stays in this tab through the sign-in, and leaves it once used.
const kept = 'emergency-card'
const patience = 15 * 60_000 // ms; a code that was scanned earlier is not used by surprise
const form = document.getElementById('card')
const scanned = location.hash.slice(1, 101)

if (scanned) {
  sessionStorage.setItem(kept, JSON.stringify({ code: scanned, at: Date.now() }))
  history.replaceState(null, '', location.pathname + location.search)
}
if (form && !form.dataset.answered) {
  const { code, at } = JSON.parse(sessionStorage.getItem(kept) ?? '{}')
  sessionStorage.removeItem(kept)
  if (code && Date.now() - at < patience) {
    document.getElementById('code').value = code
    form.requestSubmit()
  }
}
