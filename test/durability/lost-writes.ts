import type { CredentialStore } from '../../src/cache/store.ts'
import type { Writer } from './writers.ts'

/**
 * Looks whether all that was acknowledged is there: of each writer and user the last write, or a later one that its writer
 * had not come to acknowledge.
 *
 * @returns What is missing, in words.
 */
export async function lostWrites(store: CredentialStore, writers: readonly Writer[]): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { client, acknowledged } of writers) {
    for (const [user, number] of acknowledged) {
      const entities = [...(await store.read(user)).values()]
      const tokens = entities.flatMap((entity) => ('clientId' in entity && entity.clientId === client ? [entity] : []))
      const numbers = tokens.map((token) => ('secret' in token ? Number(token.secret.split(' ')[1]) : -1))
      const isThere = numbers.length === 3 && numbers.every((found) => found >= number && found === numbers[0])
      const hasAccount = entities.some((entity) => entity.kind === 'Account' && entity.homeAccountId === user)
      if (!isThere || !hasAccount) lost.push(`${client} ${number} of ${user}: ${JSON.stringify(numbers)} ${hasAccount}`)
    }
  }
  return lost
}
