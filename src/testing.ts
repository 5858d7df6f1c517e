export { type StoreCheck, storeContract } from './testing/store-contract.ts'
