import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { createMsalFileStore } from '../../../src/cache/stores/msal-file.ts'
import { storeContract } from '../../contract/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'ropc-msal-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0
storeContract('the MSAL file store', () =>
  createMsalFileStore(join(folder, `cache-${count++}.json`), { onWarning: () => {} }),
)
