import { describe, it } from 'vitest'
import { MsalDocument } from '../../src/cache/msal-document.ts'
import type { CredentialStore } from '../../src/cache/store.ts'
import { storeContract } from '../../src/testing/store-contract.ts'

/** A store that keeps its users as the text of one MSAL cache and reads it anew for every call. */
function createTextStore(): CredentialStore {
  let text = ''
  const change = <T>(run: (document: MsalDocument) => T): T => {
    const document = MsalDocument.parse(text)
    const result = run(document)
    text = document.serialize()
    return result
  }
  return {
    async read(partition) {
      return change((document) => document.read(partition))
    },
    async apply(partition, asked) {
      change((document) => document.apply(partition, asked))
    },
    async drop(partition) {
      change((document) => document.drop(partition))
    },
    async findPartitions(index, value) {
      return change((document) => document.findPartitions(index, value))
    },
    async *partitions() {
      yield* change((document) => document.partitions())
    },
  }
}

describe('MsalDocument keeps the promises of a store, through its text', () => {
  for (const { name, run } of storeContract(createTextStore)) it(name, run)
})
