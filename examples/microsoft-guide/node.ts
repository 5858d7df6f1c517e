import { createRopcClient, isAuthError, type TokenResult } from 'ropc-client'
import { createMsalFileStore } from 'ropc-client/cache'
import { runAsProgram, type Settings } from './settings.ts'

/**
 * The sample for Node: a cache plug-in with a file, `getAllAccounts`, then `acquireTokenSilent` if there is an account, else
 * `acquireTokenByUsernamePassword`, which here also follows a silent call that failed.
 */
export async function run(settings: Settings): Promise<TokenResult> {
  const { username, password, scopes, cacheFile = 'data/cache.json', ...options } = settings
  const client = createRopcClient({ ...options, store: createMsalFileStore(cacheFile) })
  try {
    const [account] = await client.getAccounts({ username })
    if (account !== undefined) {
      try {
        return await client.acquireTokenSilent({ account, scopes })
      } catch (error) {
        if (!isAuthError(error) || error.code !== 'ERR_INTERACTION_REQUIRED') throw error
      }
    }
    return await client.acquireTokenByUsernamePassword({ username, password, scopes })
  } finally {
    await client.close()
  }
}

await runAsProgram(import.meta.url, run)
