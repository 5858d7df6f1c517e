import type { AccountEntity } from '../../cache/entities.ts'
import { removingChange } from '../../cache/partition.ts'
import type { CredentialStore } from '../../cache/store.ts'
import { toAccount } from '../../client/token-result.ts'
import { display } from '../../errors.ts'
import { parseOptions, required, UsageError } from '../args.ts'
import { cacheSpecs, openCacheStore } from '../cache-store.ts'
import { type ExitCode, exitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { note, noteWarning, printLine, toJsonLine } from '../output.ts'

const accountsHelp = `Usage: ropc accounts --cache FILE [--remove UPN [--client-id ID]] [options]

Lists the users whose tokens "ropc token --cache FILE" keeps, one a line: user name, home account id, host, tenant.

  --cache FILE       the file
  --plaintext        it is not encrypted
  --remove UPN       sign this user out of the file; tokens handed out stay valid until they expire
  --client-id ID     … for this application alone, rather than for all
  --json             print one JSON array
  -h, --help

Exit codes as those of ropc token.`

const specs = {
  ...cacheSpecs,
  remove: { type: 'string' },
  'client-id': { type: 'string' },
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
  required(options, 'cache', 'Name the file that ropc token --cache writes.')
  const username = options.text('remove')
  const clientId = options.text('client-id')
  if (username === undefined && clientId !== undefined) {
    throw new UsageError('--client-id goes with --remove', 'Leave it out: the list is for all applications.')
  }
  const store = await openCacheStore(options, io, (code, message) => {
    // Whoever lists the file knows how it is kept.
    if (code !== 'PLAINTEXT_CACHE') noteWarning(io, code, message)
  })
  if (store === undefined) throw new TypeError('--cache is required')
  if (username === undefined) await list(store, options.flag('json'), io)
  else await remove(store, username, clientId, io)
  return exitCode.ok
}

async function list(store: CredentialStore, json: boolean, io: CliIo): Promise<void> {
  const accounts: AccountEntity[] = []
  for await (const partition of store.partitions()) accounts.push(...(await accountsOf(store, partition)))
  if (json) return printLine(io, toJsonLine(accounts.map(toAccount)))
  for (const { username, homeAccountId, environment, tenantId } of accounts) {
    await printLine(io, [username, homeAccountId, environment, tenantId].map(display).join('\t'))
  }
}

async function remove(
  store: CredentialStore,
  username: string,
  clientId: string | undefined,
  io: CliIo,
): Promise<void> {
  let removed = 0
  for (const partition of await store.findPartitions('username', username)) {
    const isMeant = ({ username: name, signInName = '' }: AccountEntity): boolean =>
      [name.toLowerCase(), signInName.toLowerCase()].includes(username.toLowerCase())
    if (!(await accountsOf(store, partition)).some(isMeant)) continue
    if (clientId === undefined) await store.drop(partition)
    else await store.apply(partition, removingChange(await store.read(partition), clientId))
    removed++
  }
  if (removed === 0) {
    throw new UsageError('nobody of that name is in the cache file', 'See ropc accounts --cache FILE for who is.')
  }
  note(io, `signed out: ${display(username)}${removed === 1 ? '' : ` (${removed} accounts)`}`)
}

async function accountsOf(store: CredentialStore, partition: string): Promise<readonly AccountEntity[]> {
  return [...(await store.read(partition)).values()].filter((entity) => entity.kind === 'Account')
}
