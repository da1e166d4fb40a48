// Keeps the page that opens copies of emergency cards for when there is no network. The page itself puts into the cache what it
// needs; this gives it back. Nothing of a copy, and no key, ever gets here: they never leave the page.
const kept = 'emergency-card-page'

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET') event.respondWith(answer(event.request))
})

async function answer(request) {
  const cache = await caches.open(kept)
  if (request.mode !== 'navigate') return (await cache.match(request)) ?? fetch(request)
  try {
    return await fetch(request)
  } catch (error) {
    const there = (await cache.match(request)) ?? (await cache.match(new URL(request.url).pathname))
    if (there) return there
    throw error
  }
}
