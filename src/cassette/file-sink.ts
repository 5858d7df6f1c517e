import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cassette } from './cassette.ts'
import type { CassetteSink } from './record.ts'

/** Keeps cassettes in a folder, and says where. */
export interface FileSink extends CassetteSink {
  /** The files that were written, in order. */
  readonly files: readonly string[]
}

/**
 * Writes each cassette into a new file of a folder, for its owner only, and looks at what is on the disk then: a file that shows
 * what it must not is deleted.
 *
 * Its name is made from the title, or from what was asked for and what came of it; a name that is taken gets a number.
 *
 * @param folder Is made if there is none; for its owner only, then.
 * @throws from the sink: what the check threw, or an error of the file system; nothing is left behind either way.
 */
export function fileSink(folder: string): FileSink {
  const files: string[] = []
  const sink: CassetteSink = async (cassette, text, check) => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const { path, handle } = await create(folder, nameOf(cassette))
    try {
      try {
        // Where the folder has a default access list, the mode alone does not count.
        await handle.chmod(0o600)
        await handle.writeFile(text, 'utf8')
      } finally {
        await handle.close()
      }
      check(await readFile(path, 'utf8'))
    } catch (error) {
      await rm(path, { force: true })
      throw error
    }
    files.push(path)
  }
  return Object.assign(sink, { files })
}

async function create(
  folder: string,
  name: string,
): Promise<{ readonly path: string; readonly handle: Awaited<ReturnType<typeof open>> }> {
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `-${number}`}.json`)
    try {
      // No link is followed, and nothing overwritten.
      return { path, handle: await open(path, 'wx', 0o600) }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST' || number >= 10_000) throw error
    }
  }
}

function nameOf({ title, calls = [] }: Cassette): string {
  const [call] = calls
  const { kind, name, path } = call?.outcome ?? {}
  const way = typeof path === 'object' && path !== null && 'type' in path ? path.type : kind
  return kebab(title ?? `${call?.operation ?? ''} ${kind === 'error' ? name : (way ?? '')}`) || 'cassette'
}

function kebab(text: string): string {
  return text
    .replace(/([a-z])(?=[A-Z])/g, '$1-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replace(/^-+|-+$/g, '')
}
