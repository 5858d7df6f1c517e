import { cxfSts } from './cxf-sts.js'
import { djangoOauthToolkit } from './django-oauth-toolkit.js'
import { glewlwyd } from './glewlwyd.js'
import { keycloak } from './keycloak.js'
import { lemonldapNg } from './lemonldap-ng.js'
import { oauth2MockServer } from './oauth2-mock-server.js'
import { oidcProvider } from './oidc-provider.js'

/**
 * The servers that others wrote. Each has a `name`, where it comes from (`debian` packages, an `npm` peer or its own
 * `install()`), and `start(peer, folder)`, which resolves when it answers, with what a row must know and `stop()`.
 */
export const servers = [glewlwyd, lemonldapNg, djangoOauthToolkit, oidcProvider, oauth2MockServer, keycloak, cxfSts]

/**
 * Starts every server that is installed, all at once; a row waits for its own.
 *
 * @returns `{ name, peer, started }` for each; `started` is absent where the peer is missing.
 */
export function startServers(peers, folder) {
  return servers.map(({ name, start }) => {
    const peer = peers[name]
    if (peer.missing !== undefined) return { name, peer }
    const started = start(peer, folder)
    // Its rows tell; until they are reached, nobody listens.
    started.catch(() => {})
    return { name, peer, started }
  })
}

/** Stops what was started, also what is still starting. */
export async function stopServers(running) {
  const settled = await Promise.allSettled(running.map(({ started }) => started))
  await Promise.all(settled.map(({ value }) => value?.stop()))
}
