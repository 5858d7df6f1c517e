import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { createShardedFileStore } from '../../../src/cache/stores/sharded-files.ts'
import { storeContract } from '../../contract/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'ropc-sharded-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0
storeContract('the store of a file for each user', () =>
  createShardedFileStore(join(folder, `${count++}`), { onWarning: () => {} }),
)
