// Lets the clock of an emergency access run. Without it the page says the minutes that were left when it came.
for (const shown of document.querySelectorAll('[data-clock]')) {
  const end = performance.now() + Number(shown.dataset.clock) * 1000
  const circle = shown.parentElement.querySelector('circle.left')
  const around = 2 * Math.PI * 9.5
  const tick = () => {
    const left = Math.max(0, Math.round((end - performance.now()) / 1000))
    shown.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    circle?.setAttribute('stroke-dasharray', `${(around * left) / Number(shown.dataset.whole)} ${around}`)
    if (left === 0) {
      clearInterval(timer)
      location.reload()
    }
  }
  const timer = setInterval(tick, 1000)
  tick()
}
