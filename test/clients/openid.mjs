// An app that signs people in with openid-client: discovery, PKCE, state, and the code exchanged for tokens.
import * as openid from 'openid-client'
import { demo } from './demo.mjs'
import { home, signIn } from './signin.mjs'

let discovered

/** What the server says of itself, for the public client of the portal. */
export async function configuration() {
  discovered ??= openid.discovery(new URL(demo.issuer), 'portal', undefined, openid.None(), { execute: [openid.allowInsecureRequests] })
  return discovered
}

/** Signs somebody in and returns the answer of the token endpoint. */
export async function tokens(key, { scope = 'openid fhirUser user/*.rs', ...how } = {}) {
  const config = await configuration()
  const verifier = openid.randomPKCECodeVerifier()
  const state = openid.randomState()
  const nonce = openid.randomNonce()
  const address = openid.buildAuthorizationUrl(config, {
    redirect_uri: home, scope, state, nonce, aud: demo.fhir, resource: demo.fhir,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  const { returned, page } = await signIn(key, address.href, how)
  if (!returned) return { page }
  return openid.authorizationCodeGrant(config, returned, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: scope.includes('openid') })
}
