import { createRopcClient, InteractionRequiredError, type TokenResult } from 'ropc-client'
import { runAsProgram, type Settings } from './settings.ts'

/**
 * The sample for .NET: `GetAccountsAsync`, then `AcquireTokenSilent` with the first account if there is one, else
 * `AcquireTokenByUsernamePassword`. A real program keeps its client, or passes a `store`: else there never is an account.
 */
export async function run({ username, password, scopes, cacheFile: _, ...options }: Settings): Promise<TokenResult> {
  const client = createRopcClient(options)
  try {
    const [account] = await client.getAccounts({ username })
    if (account !== undefined) {
      try {
        return await client.acquireTokenSilent({ account, scopes })
      } catch (error) {
        // MsalUiRequiredException: no token is left that is of use. Everything else is for the caller.
        if (!(error instanceof InteractionRequiredError)) throw error
      }
    }
    return await client.acquireTokenByUsernamePassword({ username, password, scopes })
  } finally {
    await client.close()
  }
}

await runAsProgram(import.meta.url, run)
