export type {
  Cassette,
  CassetteCall,
  CassetteClient,
  CassetteFailure,
  CassetteOrigin,
  CassetteResponse,
  Drawn,
  Exchange,
} from './cassette/cassette.ts'
export { publishedJwks } from './cassette/published-key.ts'
export { readCassette, writeCassette } from './cassette/read-cassette.ts'
export { type About, type CassetteSink, type Recorder, type RecordOptions, recordTransport } from './cassette/record.ts'
export { CassetteMismatchError, type Replay, type ReplayOptions, replayTransport } from './cassette/replay.ts'
export { type StoreCheck, storeContract } from './testing/store-contract.ts'
