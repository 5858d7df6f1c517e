import { createMemoryStore } from '../../../src/cache/stores/memory.ts'
import { storeContract } from '../../contract/store.ts'

storeContract('the memory store', createMemoryStore)
