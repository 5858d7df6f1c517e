import type { AccountEntity, StoredEntity } from '../../cache/entities.ts'
import { cacheHost } from '../../cache/keys.ts'
import { removingChange } from '../../cache/partition.ts'
import type { CredentialStore } from '../../cache/store.ts'
import { names } from '../../client/acquire-silent.ts'
import { toAccount } from '../../client/token-result.ts'
import { CacheError, display } from '../../errors.ts'
import { parseAuthority } from '../../protocol/authority.ts'
import { parseOptions, required, UsageError } from '../args.ts'
import { cacheSpecs, openCacheStore } from '../cache-store.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, noteWarning, printLine, toJsonLine } from '../output.ts'

const accountsHelp = `Usage: ropc accounts --cache FILE [--remove UPN [--client-id ID]] [options]

Lists the users whose tokens "ropc token --cache FILE" keeps, one a line: user name, home account id, host, tenant,
with tabs in between. Never shows a token.
  ropc accounts --cache tokens.cache
  ropc accounts --cache tokens.cache --remove ada@contoso.example

  --cache FILE       the file
  --plaintext        it is not encrypted
  --remove UPN       sign this user out of the file; tokens handed out stay valid until they expire
  --client-id ID     … for this application alone, rather than for all
  --authority URL    users of this authority's cloud only
  --json             print one JSON array: of who is signed in or, with --remove, was
  -h, --help

Exit codes as those of ropc token; 2 if nobody of that name is signed in.`

const specs = {
  ...cacheSpecs,
  remove: { type: 'string' },
  'client-id': { type: 'string' },
  authority: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** `ropc accounts`: shows who is signed in, or signs somebody out. Never shows a token. */
export async function runAccounts(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const options = parseOptions(argv, specs)
  if (options.flag('help')) {
    await printLine(io, accountsHelp)
    return exitCode.ok
  }
  const file = required(options, 'cache', 'Name the file that ropc token --cache writes.')
  const username = options.text('remove')
  const clientId = options.text('client-id')
  if (username === undefined && clientId !== undefined) {
    throw new UsageError('--client-id goes with --remove', 'Leave it out: the list is for all applications.')
  }
  const isOfCloud = cloudFilter(options.text('authority'))
  const store = await openCacheStore({ file, plaintext: options.flag('plaintext') }, io, 'look', (code, message) => {
    // Whoever lists the file knows how it is kept.
    if (code !== 'CACHE_PLAINTEXT') noteWarning(io, code, message)
  })
  const json = options.flag('json')
  const users = await readUsers(store, isOfCloud)
  if (username === undefined) await list(users, json, io)
  else await remove(store, users, { username, clientId }, json, io)
  return exitCode.ok
}

async function list({ readable, unreadable }: Users, json: boolean, io: CliIo): Promise<void> {
  const accounts = readable.flatMap((user) => user.accounts)
  if (json) await printLine(io, toJsonLine(accounts.map(toAccount)))
  else {
    for (const { username, homeAccountId, environment, tenantId } of accounts) {
      await printLine(io, [username, homeAccountId, environment, tenantId].map(display).join('\t'))
    }
  }
  // After the others: one who cannot be read is no reason to hide them.
  if (unreadable.length > 0) throw undecryptable(unreadable.length)
}

async function remove(
  store: CredentialStore,
  { readable, unreadable }: Users,
  { username, clientId }: { readonly username: string; readonly clientId: string | undefined },
  json: boolean,
  io: CliIo,
): Promise<void> {
  const removed: AccountEntity[] = []
  let count = 0
  for (const user of readable) {
    const accounts = user.accounts.filter((account) => names({ username }, account))
    if (accounts.length === 0 || !(await signOut(store, user, clientId))) continue
    removed.push(...accounts)
    count++
  }
  // The index still knows the name of who cannot be decrypted; which application's the tokens are, nobody knows.
  const spoiled = clientId === undefined ? await named(store, username, unreadable) : []
  for (const partition of spoiled) await store.drop(partition)
  count += spoiled.length
  if (count === 0) throw unreadable.length > 0 ? undecryptable(unreadable.length) : nobody(clientId)
  note(io, `signed out: ${display(username)} (${count} ${count === 1 ? 'account' : 'accounts'})`)
  if (json) await printLine(io, toJsonLine(removed.map(toAccount)))
}

/** What the file holds of a user. */
interface User {
  readonly partition: string
  readonly entities: ReadonlyMap<string, StoredEntity>
  readonly accounts: readonly AccountEntity[]
}

interface Users {
  readonly readable: readonly User[]
  /** Partitions that cannot be decrypted. */
  readonly unreadable: readonly string[]
}

async function readUsers(store: CredentialStore, isMeant: (account: AccountEntity) => boolean): Promise<Users> {
  const readable: User[] = []
  const unreadable: string[] = []
  for await (const partition of store.partitions()) {
    try {
      const entities = await store.read(partition)
      const accounts = [...entities.values()].filter((entity) => entity.kind === 'Account').filter(isMeant)
      readable.push({ partition, entities, accounts })
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'ERR_CACHE_KEY') throw error
      unreadable.push(partition)
    }
  }
  return { readable, unreadable }
}

function cloudFilter(authority: string | undefined): (account: AccountEntity) => boolean {
  if (authority === undefined) return () => true
  const host = cacheHost(parseAuthority(authority).environment)
  return ({ environment }) => cacheHost(environment) === host
}

/** @returns Whether anything of the user was there to remove. */
async function signOut(
  store: CredentialStore,
  { partition, entities }: User,
  clientId: string | undefined,
): Promise<boolean> {
  if (clientId === undefined) {
    await store.drop(partition)
    return true
  }
  if (removingChange(entities, clientId).del?.length === 0) return false
  const { createRopcClient } = await import('../../client/client.ts')
  // Its way of removing holds against a refresh that comes back late.
  await createRopcClient({ clientId, store }).removeAccount({ homeAccountId: partition })
  return true
}

async function named(
  store: CredentialStore,
  username: string,
  partitions: readonly string[],
): Promise<readonly string[]> {
  if (partitions.length === 0) return []
  const found = await store.findPartitions('username', username)
  return partitions.filter((partition) => found.includes(partition))
}

function nobody(clientId: string | undefined): UsageError {
  const where = clientId === undefined ? 'in the cache file' : 'signed in to this application by the cache file'
  return new UsageError(`nobody of that name is ${where}`, 'See ropc accounts --cache FILE for who is.')
}

function undecryptable(count: number): CacheError {
  const who = count === 1 ? 'one user' : `${count} users`
  return new CacheError('ERR_CACHE_KEY', `${who} of the cache file cannot be decrypted`, {
    step: 'cache',
    hint: 'The keychain may have another key than the one that the file was made with: use that keychain. Else the file was damaged: --remove the user, or delete the file, and sign in again.',
  })
}
