import { constants, lstat, mkdir, open, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, failure, ignored } from './file-failure.ts'
import { listDirectory, makePrivateDirectory, syncDirectory } from './private-file.ts'

/**
 * An index on the disk: empty files whose folder stands for what is looked for and whose name for what is found. So two
 * processes that add to the same list do not meet.
 */
export interface Markers {
  /** Resolves when it is on the disk. */
  add(list: string, member: string): Promise<void>
  /** Removes the list too, once it is empty. */
  remove(list: string, member: string): Promise<void>
  list(list: string): Promise<readonly string[]>
}

/** @param root A folder of its own. Names of lists and members must be fit for file names, as hex digits are. */
export function createMarkers(root: string): Markers {
  const folderOf = (list: string): string => join(root, list.slice(0, 2), list)

  return {
    async add(list, member) {
      const folder = folderOf(list)
      for (let round = 0; ; round++) {
        if (await exists(join(folder, member))) return
        await makePrivateDirectory(dirname(folder))
        try {
          // Recursive, so that one that is there already is no error.
          const made = await mkdir(folder, { recursive: true, mode: 0o700 })
          if (made !== undefined) await syncDirectory(dirname(folder))
          const handle = await open(join(folder, member), constants.O_WRONLY | constants.O_CREAT, 0o600)
          await handle.close()
          await syncDirectory(folder)
          return
        } catch (error) {
          // Somebody has just removed the empty list.
          if (codeOf(error) === 'ENOENT' && round < 20) continue
          throw failure('ERR_CACHE_WRITE', 'cannot be written', folder, error)
        }
      }
    },
    async remove(list, member) {
      const folder = folderOf(list)
      // What stays behind leads nowhere, which readers find out.
      await rm(join(folder, member), { force: true }).catch(ignored)
      await rmdir(folder).catch(ignored)
      await syncDirectory(dirname(folder))
    },
    list: (list) => listDirectory(folderOf(list)),
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
