import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CassetteServer, ServedCassetteFacts } from '../cassette/serve.ts'
import { display, InvalidArgumentError } from '../errors.ts'
import { UsageError } from './args.ts'
import { toJsonLine } from './output.ts'

/** Serves every cassette of a folder. @throws {@link UsageError} for a folder without any, and for a file that is none. */
export async function serveFolder(folder: string): Promise<CassetteServer> {
  const { readCassette } = await import('../cassette/read-cassette.ts')
  const cassettes = new Map<string, unknown>()
  for (const file of await listFiles(folder)) {
    try {
      cassettes.set(basename(file, '.json'), readCassette(await readFile(join(folder, file), 'utf8')))
    } catch (error) {
      if (error instanceof InvalidArgumentError) throw new UsageError(`${file}: ${error.message}`, error.hint ?? '')
      throw new UsageError(`cannot read ${file} (${codeOf(error)})`, 'Leave in the folder what can be read.')
    }
  }
  const { serveCassettes } = await import('../cassette/serve.ts')
  return serveCassettes(cassettes)
}

/** What a tester needs: which authority plays which cassette. */
export function describeServed({ cassettes }: CassetteServer, caFile: string, isJson: boolean): string {
  if (isJson) return toJsonLine({ ca: caFile, cassettes })
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length))
  const names = width(cassettes.map(({ name }) => name))
  const authorities = width(cassettes.map(({ authority }) => authority))
  const rows = cassettes.map(({ name, authority, username = '' }) =>
    `  ${name.padEnd(names)}  ${authority.padEnd(authorities)}  ${username}`.trimEnd(),
  )
  const example = cassettes.find(({ username, clientId }) => username !== undefined && clientId !== undefined)
  return [
    'Recorded sign-ins, replayed on 127.0.0.1 until Ctrl-C. Any password will do, and any user name.',
    'Their tokens are signed with a key that anybody may read.',
    '',
    `CA file     ${caFile}`,
    '',
    'cassettes (name, authority, user name):',
    ...rows,
    ...(example === undefined ? [] : tryLines(example, caFile)),
  ]
    .map(display)
    .join('\n')
}

function tryLines({ name, authority, clientId, username, scopes = [] }: ServedCassetteFacts, caFile: string): string[] {
  const asked = (scopes.length === 0 ? ['User.Read'] : scopes).map((scope) => ` --scope ${scope}`).join('')
  return [
    '',
    `Try ${name}, and type any password:`,
    `  npx ropc token --authority ${authority} --ca ${caFile} \\`,
    `    --client-id ${clientId} -u ${username}${asked}`,
  ]
}

async function listFiles(folder: string): Promise<readonly string[]> {
  let files: readonly string[]
  try {
    files = await readdir(folder)
  } catch (error) {
    throw new UsageError(`cannot read the folder of --cassettes (${codeOf(error)})`, 'Name a folder with cassettes.')
  }
  const cassettes = files.filter((file) => file.endsWith('.json')).sort()
  if (cassettes.length > 0) return cassettes
  throw new UsageError(
    'the folder of --cassettes holds no file that ends in .json',
    'Make one with ropc token --record DIR.',
  )
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}
