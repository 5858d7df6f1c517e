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
export { type FileSink, fileSink } from './cassette/file-sink.ts'
export { fromNock, type NockDefinition, type ToNockOptions, toNock } from './cassette/nock.ts'
export { describeOutcome, type Outcome } from './cassette/outcome.ts'
export { publishedJwks } from './cassette/published-key.ts'
export { readCassette, writeCassette } from './cassette/read-cassette.ts'
export { type About, type CassetteSink, type Recorder, type RecordOptions, recordTransport } from './cassette/record.ts'
export { type CallSecrets, repeatCall, repeatCalls } from './cassette/repeat-call.ts'
export { CassetteMismatchError, type Replay, type ReplayOptions, replayTransport } from './cassette/replay.ts'
export { type CassetteServer, type ServedCassetteFacts, serveCassettes } from './cassette/serve.ts'
export { type CassetteName, cassetteNames } from './testing/catalogue.ts'
export { type StoreCheck, storeContract } from './testing/store-contract.ts'
export { type CassetteInUse, type UseCassetteOptions, useCassette } from './testing/use-cassette.ts'
