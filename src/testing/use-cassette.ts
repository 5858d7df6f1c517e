import { existsSync, readFileSync } from 'node:fs'
import { createBinding } from '../cassette/binding.ts'
import type { Cassette, CassetteCall, CassetteClient } from '../cassette/cassette.ts'
import { publishedPrivateJwk } from '../cassette/published-key.ts'
import { readCassette } from '../cassette/read-cassette.ts'
import { type Replay, replayTransport } from '../cassette/replay.ts'
import type { ClientOptions } from '../client/options.ts'
import type { Runtime } from '../client/runtime.ts'
import { InvalidArgumentError } from '../errors.ts'
import {
  type ClientAuthentication,
  clientAssertion,
  clientSecretBasic,
  clientSecretPost,
  privateKeyJwt,
} from '../protocol/client-authentication.ts'
import { Secret } from '../protocol/secret.ts'
import { walkJson } from '../redact/walk-texts.ts'
import { type CassetteName, cassetteNames } from './catalogue.ts'

export interface UseCassetteOptions {
  /** The user name that your program signs in with, in place of the cassette's pseudonym. */
  readonly username?: string
}

/** A cassette of the catalogue, ready for one test. */
export interface CassetteInUse {
  readonly cassette: Cassette
  /** Answers from the cassette, and sends nothing. */
  readonly transport: Replay
  /** Clock and ids of the recording: the option `runtime` of the client. */
  readonly runtime: Runtime
  /** What to create the client with: `createRopcClient(clientOptions)`. */
  readonly clientOptions: ClientOptions
  /** Who signs in. Empty where nobody is named. */
  readonly username: string
  /** A password; any other does as well. */
  readonly password: Secret
  /** What the client was asked for, and what came of it. */
  readonly calls: readonly CassetteCall[]
  /** @throws `CassetteMismatchError` when the program asked for less than was recorded, or for something else. */
  assertExhausted(): void
}

/**
 * Takes a cassette of the catalogue into use, afresh: each exchange of it is answered once.
 *
 * ```ts
 * const { clientOptions, username, password } = useCassette('mfa-required')
 * ```
 *
 * @throws {@link InvalidArgumentError} for a name that is not in the catalogue; it says which are like it.
 */
export function useCassette(name: CassetteName, options: UseCassetteOptions = {}): CassetteInUse {
  if (!cassetteNames.includes(name)) throw unknownName(name)
  const cassette = readCassette(readFileSync(new URL(`${name}.json`, folder()), 'utf8'))
  const transport = replayTransport(cassette, options)
  const { runtime } = transport
  const { client = { clientId: '', authority: '' }, calls = [] } = cassette
  const { toOwn } = createBinding(client.username, client.username === undefined ? undefined : options.username)
  return {
    cassette,
    transport,
    runtime,
    clientOptions: { ...optionsOf(client), transport, runtime },
    username: options.username ?? client.username ?? '',
    password: new Secret('any password'),
    calls: walkJson(calls, ({ text }) => toOwn(text)) as readonly CassetteCall[],
    assertExhausted: transport.assertExhausted,
  }
}

/** Beside the built module, where the package is installed; in the source tree they are among the fixtures. */
function folder(): URL {
  const built = new URL('./cassettes/', import.meta.url)
  return existsSync(built) ? built : new URL('../../fixtures/cassettes/', import.meta.url)
}

function optionsOf({ clientId, authority, clientAuthentication, options }: CassetteClient): ClientOptions {
  const proof = clientAuthentication === undefined ? undefined : proofs[clientAuthentication]()
  return { ...options, clientId, authority, ...(proof === undefined ? {} : { clientAuthentication: proof }) }
}

/** Credentials that nothing is worth: cassettes do not hold them, and so take any. */
const proofs: Readonly<Record<NonNullable<CassetteClient['clientAuthentication']>, () => ClientAuthentication>> = {
  clientSecretPost: () => clientSecretPost('any secret'),
  clientSecretBasic: () => clientSecretBasic('any secret'),
  privateKeyJwt: () => privateKeyJwt({ key: { ...publishedPrivateJwk } }),
  clientAssertion: () => clientAssertion(() => 'any.assertion.'),
}

function unknownName(name: unknown): InvalidArgumentError {
  const asked = typeof name === 'string' ? name.slice(0, 50) : `(a value of type ${typeof name})`
  const near = [...cassetteNames]
    .map((known) => ({ known, distance: distance(asked.toLowerCase(), known) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 5)
    .map(({ known }) => known)
  return new InvalidArgumentError(`the catalogue has no cassette "${asked}"`, {
    step: 'authority',
    hint: `Like it are ${near.join(', ')}; docs/cassettes.md lists all of them.`,
  })
}

/** How many of the two-letter pieces of both they do not share: names of several words are alike in any order. */
function distance(a: string, b: string): number {
  const pieces = (text: string): Set<string> =>
    new Set(Array.from({ length: text.length }, (_, at) => text.slice(at, at + 2)))
  const [one, other] = [pieces(a), pieces(b)]
  return [...one].filter((piece) => !other.has(piece)).length + [...other].filter((piece) => !one.has(piece)).length
}
