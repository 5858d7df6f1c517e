import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { authority, clientId, msalFile } from './users.js'

const folder = new URL('./node_modules/@azure/msal-node/', import.meta.url)

/** MSAL Node with so many users in its memory, on a network that answers a POST with `answer()`. */
export function createMsal(count, { profile, answer } = {}) {
  if (!existsSync(folder)) throw new Error('MSAL Node is not installed: start this with `node bench/run.js`')
  const { PublicClientApplication } = createRequire(import.meta.url)('@azure/msal-node')
  const networkClient = {
    sendGetRequestAsync: async () => Promise.reject(new Error('there is no network')),
    sendPostRequestAsync: async () => ({ status: 200, headers: {}, body: JSON.parse(answer()) }),
  }
  const app = new PublicClientApplication({ auth: { clientId, authority }, system: { networkClient } })
  if (count > 0) app.getTokenCache().deserialize(msalFile(count, profile))
  return app
}
