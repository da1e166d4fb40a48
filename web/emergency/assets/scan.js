// Reads a code by the camera where the browser can, puts its text into the field and sends the form, as typing would.
const form = document.getElementById('seek')
const scanner = document.getElementById('scanner')
const wanted = ['data_matrix', 'qr_code']

async function ready() {
  if (!('BarcodeDetector' in window) || !navigator.mediaDevices?.getUserMedia) return
  const known = await window.BarcodeDetector.getSupportedFormats()
  const formats = wanted.filter((f) => known.includes(f))
  if (formats.length === 0) return
  scanner.hidden = false
  document.getElementById('scan').addEventListener('click', () => scan(new window.BarcodeDetector({ formats })))
}

async function scan(detector) {
  const view = document.getElementById('view')
  const says = document.getElementById('scan-says')
  let stream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
  } catch {
    says.textContent = scanner.dataset.denied
    return
  }
  says.textContent = ''
  view.srcObject = stream
  view.hidden = false
  await view.play()
  const stop = () => {
    for (const track of stream.getTracks()) track.stop()
    view.hidden = true
  }
  const end = performance.now() + 30_000
  const look = async () => {
    const found = await detector.detect(view).catch(() => [])
    if (found.length > 0) {
      stop()
      document.getElementById('who').value = found[0].rawValue
      form.requestSubmit()
    } else if (performance.now() > end) {
      stop()
      says.textContent = scanner.dataset.none
    } else {
      setTimeout(look, 150)
    }
  }
  look()
}

ready()
