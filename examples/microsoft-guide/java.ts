import { CacheError, createRopcClient, InteractionRequiredError, type TokenResult } from 'ropc-client'
import { createMsalFileStore } from 'ropc-client/cache'
import { runAsProgram, type Settings } from './settings.ts'

/**
 * The sample for Java: a cache file whose dummy data make the silent call fail, so `getAccounts`, then `acquireTokenSilently`
 * with the user's account, then, since that failed, `acquireToken` with user name and password.
 */
export async function run(settings: Settings): Promise<TokenResult> {
  const { username, password, scopes, cacheFile = 'sample_cache.json', ...options } = settings
  const client = createRopcClient({ ...options, store: createMsalFileStore(cacheFile) })
  try {
    try {
      const accounts = await client.getAccounts()
      const account = accounts.find((candidate) => candidate.username.toLowerCase() === username.toLowerCase())
      return await client.acquireTokenSilent({ account: account ?? { username }, scopes })
    } catch (error) {
      // MsalException: nobody of that name, no good token, or (CacheError) a file that is no cache; the sign-in that
      // follows sets such a file aside. Only these: a password does not help where the network fails.
      if (!(error instanceof InteractionRequiredError || error instanceof CacheError)) throw error
      return await client.acquireTokenByUsernamePassword({ username, password, scopes })
    }
  } finally {
    await client.close()
  }
}

await runAsProgram(import.meta.url, run)
