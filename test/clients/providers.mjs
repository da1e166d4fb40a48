// Two OpenID Providers of npm's oidc-provider: one shaped like FranceConnect v2 (ES256, userinfo as a signed JWT, acr), one
// like Pro Santé Connect (its claims, several work situations, introspection). Whoever comes says who they are in a form.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import Provider from 'oidc-provider'

/** A fresh private key as a JWK. */
function key(type, options, more) {
  const { privateKey } = generateKeyPairSync(type, options)
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', ...more }
}

const keys = () => [
  key('ec', { namedCurve: 'P-256' }, { kid: 'es', alg: 'ES256' }),
  key('rsa', { modulusLength: 2048 }, { kid: 'rs', alg: 'RS256' }),
]

/**
 * Starts a provider.
 * @param port where it listens
 * @param people account → claims
 * @param clients its clients
 * @param config more of oidc-provider's configuration
 * @returns {Promise<{issuer: string, asked: URL[], close: () => Promise<void>}>} asked are the authorization requests it got
 */
async function provide(port, people, clients, config) {
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: keys() },
    cookies: { keys: ['not a secret: a test'] },
    conformIdTokenClaims: true,
    pkce: { required: () => true },
    acrValues: ['eidas1', 'eidas2'],
    findAccount: (_, accountId) => people[accountId] && { accountId, claims: () => ({ sub: accountId, ...people[accountId] }) },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
      grant.addOIDCScope(ctx.oidc.requestParamScopes ? [...ctx.oidc.requestParamScopes].join(' ') : ctx.oidc.params.scope)
      await grant.save()
      return grant
    },
    ...config,
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true }, ...config.features },
  })
  const asked = []
  const handle = provider.callback()
  const server = createServer(async (request, response) => {
    const address = new URL(request.url, issuer)
    if (address.pathname === '/auth') asked.push(address)
    if (!address.pathname.startsWith('/interaction/')) return handle(request, response)
    try {
      await interact(provider, request, response)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    issuer,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The provider's own page: a form that asks who it is, and how strongly they prove it. */
async function interact(provider, request, response) {
  if (request.method === 'GET') {
    const { prompt } = await provider.interactionDetails(request, response)
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<form method="post" action="${request.url}"><input type="hidden" name="step" value="${prompt.name}"></form>`)
    return
  }
  let body = ''
  for await (const chunk of request) body += chunk
  const form = new URLSearchParams(body)
  const result = form.get('account')
    ? { login: { accountId: form.get('account'), acr: form.get('acr') ?? 'eidas1', amr: ['sc'], remember: false } }
    : { error: 'access_denied', error_description: 'the person stopped' }
  await provider.interactionFinished(request, response, result)
}

const claimsOf = (people) => [...new Set(Object.values(people).flatMap(Object.keys))]

/** A provider shaped like FranceConnect v2. */
export function franceConnect(port, people, back) {
  const client = {
    client_id: 'pontlevis', client_secret: 'a secret of franceconnect', redirect_uris: [`${back}/oauth2/callback/franceconnect`],
    post_logout_redirect_uris: [`${back}/oauth2/signed-out`], token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'ES256', userinfo_signed_response_alg: 'ES256',
  }
  return provide(port, people, [client], {
    claims: { openid: ['sub'], acr: null, amr: null, auth_time: null, iss: null, sid: null, identite_pivot: claimsOf(people) },
    scopes: ['openid', 'identite_pivot'],
    features: { jwtUserinfo: { enabled: true } },
  })
}

/** A provider shaped like Pro Santé Connect. */
export function proSanteConnect(port, people, back) {
  const ours = {
    client_id: 'pontlevis', client_secret: 'a secret of psc', redirect_uris: [`${back}/oauth2/callback/psc`],
    post_logout_redirect_uris: [`${back}/oauth2/signed-out`], id_token_signed_response_alg: 'RS256',
  }
  const software = { client_id: 'lps', client_secret: 'a secret of the software', redirect_uris: ['https://lps.example/back'] }
  return provide(port, people, [ours, software], {
    claims: { openid: ['sub'], acr: null, amr: null, auth_time: null, iss: null, sid: null, scope_all: claimsOf(people) },
    scopes: ['openid', 'scope_all'],
    features: { introspection: { enabled: true }, revocation: { enabled: true } },
  })
}
