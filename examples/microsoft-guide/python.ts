import { createRopcClient, InteractionRequiredError, type RopcClient, type TokenResult } from 'ropc-client'
import { runAsProgram, type Settings } from './settings.ts'

/**
 * The sample for Python: `get_accounts(username=…)`, `acquire_token_silent`, and if that gives nothing
 * `acquire_token_by_username_password`; where consent is missing (65001), it prints where to give it.
 */
export async function run({ username, password, scopes, cacheFile: _, ...options }: Settings): Promise<TokenResult> {
  const client = createRopcClient(options)
  try {
    const accounts = await client.getAccounts({ username })
    const result = accounts[0] && (await silently(client, accounts[0], scopes))
    return result ?? (await client.acquireTokenByUsernamePassword({ username, password, scopes }))
  } catch (error) {
    if (error instanceof InteractionRequiredError && error.consentUrl !== undefined) {
      process.stderr.write(`Visit this to consent: ${error.consentUrl}\n`)
    }
    throw error
  } finally {
    await client.close()
  }
}

/** `acquire_token_silent` returns `None` where this client throws. */
async function silently(
  client: RopcClient,
  account: { readonly homeAccountId: string },
  scopes: readonly string[],
): Promise<TokenResult | undefined> {
  return client.acquireTokenSilent({ account, scopes }).catch((error: unknown) => {
    if (error instanceof InteractionRequiredError) return undefined
    throw error
  })
}

await runAsProgram(import.meta.url, run)
