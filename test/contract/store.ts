import { describe, it } from 'vitest'
import type { CredentialStore } from '../../src/cache/store.ts'
import { storeContract as checksOf } from '../../src/testing/store-contract.ts'

/** Runs what every store must do under vitest. */
export function storeContract(name: string, create: () => CredentialStore | Promise<CredentialStore>): void {
  describe(`${name} keeps the store contract`, () => {
    for (const check of checksOf(create)) it(check.name, check.run)
  })
}
