import type { Runtime } from '../client/runtime.ts'
import { InvalidArgumentError, TransportError } from '../errors.ts'
import { type HttpRequest, type HttpResponse, secretsOf, type Transport } from '../protocol/http.ts'
import { Secret } from '../protocol/secret.ts'
import { showsSecret } from '../redact/leak-scan.ts'
import { findSecrets } from '../redact/message-secrets.ts'
import { createPseudonyms } from '../redact/pseudonyms.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'
import { walkJson } from '../redact/walk-texts.ts'
import type { Cassette, CassetteFailure, CassetteResponse, Drawn, Exchange } from './cassette.ts'
import { createDrawRecorder } from './draws.ts'
import { identifiersOf } from './identifiers.ts'
import { createTokenPublisher, isPublished } from './publish-tokens.ts'
import { checkPlain, maxItems, maxLength, readCassette, writeCassette } from './read-cassette.ts'
import { failureMessages, recordedRequest, recordedResponse } from './recorded-message.ts'

/** Takes a finished cassette, with the text it has in a file; `check` throws when a text shows what must not be seen. */
export type CassetteSink = (cassette: Cassette, text: string, check: (written: string) => void) => void | Promise<void>

export interface RecordOptions {
  /** Clock and ids that the recorded calls draw from; default the system's. */
  readonly runtime?: Pick<Runtime, 'now' | 'newId' | 'forCall'>
  /** Secrets that no message may show, beside those that requests and answers carry. */
  readonly secrets?: readonly Secret[]
  /** Texts of yours that must not be in the cassette, such as the name of a person or of a project. */
  readonly forbidden?: readonly string[]
  /** Origins to write in place of others: `{ 'https://localhost:8443': 'https://login.microsoftonline.com' }`. */
  readonly origins?: Readonly<Record<string, string>>
}

/** What a cassette says besides its exchanges. */
export type About = Pick<Cassette, 'title' | 'origin' | 'client' | 'calls'>

/** A transport that keeps what passes through it. */
export interface Recorder extends Transport {
  /** Give it to the client as `runtime`, so that clock and ids are recorded too. */
  readonly runtime: Partial<Runtime>
  /**
   * Makes the cassette, and hands it to the sink: redacted, with pseudonyms, its tokens signed with the published key. Nothing is
   * written before.
   *
   * @throws {@link InvalidArgumentError} `ERR_CASSETTE_LEAK` when it would show a secret, a name or an id it must not;
   *   `ERR_CASSETTE_INVALID` when it would be longer than a replay reads, or `about` is no plain data.
   */
  finish(about?: About): Promise<Cassette>
}

interface Recorded extends Drawn {
  readonly request: RedactedRequest
  readonly response?: CassetteResponse
  readonly failure?: CassetteFailure
}

/**
 * Records what a client sends through another transport.
 *
 * A cassette holds a thousand exchanges and four million characters: the next request is not sent, and throws
 * {@link InvalidArgumentError}; what was recorded until then can be finished.
 *
 * What passes is redacted as it passes: passwords, assertions and tokens are kept nowhere, also not in memory, but for the last
 * look at what is about to be written.
 *
 * @param inner What really sends.
 * @param sink What the finished cassette is given to.
 */
export function recordTransport(inner: Transport, sink: CassetteSink, options: RecordOptions = {}): Recorder {
  const { runtime = systemSource, origins = {} } = options
  const draws = createDrawRecorder(runtime)
  const recorded: Recorded[] = []
  const secrets = new Map<string, Secret>((options.secrets ?? []).map((secret) => [secret.reveal(), secret]))
  const identifiers = new Set<string>()
  /** Of what was recorded, as text. */
  let length = 0

  const note = (request: HttpRequest, response?: HttpResponse): readonly Secret[] => {
    const found = [...secretsOf(request), ...findSecrets(request.body ?? ''), ...findSecrets(response?.body ?? '')]
    for (const secret of found) secrets.set(secret.reveal(), secret)
    for (const identifier of identifiersOf(request, response)) identifiers.add(identifier)
    return [...secrets.values()]
  }

  // What answers came from a replay, or its server, is to be written as it was.
  const unpublished = async (): Promise<readonly Secret[]> => {
    const all = [...secrets.values()]
    const known = await Promise.all(all.map((secret) => isPublished(secret.reveal())))
    return all.filter((secret, index) => known[index] !== true || options.secrets?.includes(secret) === true)
  }

  const send: Transport = async (request, sendOptions) => {
    // Before anything is sent: what was recorded so far can still be finished.
    if (recorded.length >= maxItems || length >= fullLength) throw tooMany(request)
    const drawn = draws.take(sendOptions?.call ?? 0)
    // Its place is that of the request: answers to concurrent ones come in any order.
    const index = recorded.push({ ...drawn, request: recordedRequest(request, note(request)) }) - 1
    const keep = (outcome: Pick<Recorded, 'response' | 'failure'>): void => {
      const whole = { ...(recorded[index] as Recorded), ...outcome }
      recorded[index] = whole
      length += JSON.stringify(whole).length
    }
    try {
      const response = await inner(request, sendOptions)
      keep({ response: recordedResponse(response, request, note(request, response)) })
      return response
    } catch (error) {
      if (error instanceof TransportError) keep({ failure: failureOf(error) })
      throw error
    }
  }

  const finish = async (about: About = {}): Promise<Cassette> => {
    checkPlain(about)
    // A request that is still under way, or whose transport broke, has nothing to replay.
    // Call by call: which of two calls at once is first with its request is chance, and nothing that a replay looks at.
    const exchanges = recorded
      .filter(({ response, failure }) => response !== undefined || failure !== undefined)
      .sort((a, b) => a.call - b.call)
    const raw: Cassette = { version: 1, ...about, exchanges, rest: draws.rest() }
    const named = createPseudonyms().value(renameOrigins(raw, origins))
    const publisher = await createTokenPublisher()
    const published: Exchange[] = []
    for (const exchange of named.exchanges) {
      const { response } = exchange
      published.push(response === undefined ? exchange : { ...exchange, response: await publisher.publish(response) })
    }
    const cassette = readCassette({ ...named, exchanges: published })
    const text = writeCassette(cassette)
    const check = leakCheck(await unpublished(), identifiers, options)
    check(text)
    await sink(cassette, text, check)
    return cassette
  }

  return Object.defineProperties(send as Recorder, {
    runtime: { value: { ...runtime, forCall: draws.forCall } },
    finish: { value: finish },
  })
}

/** Room is left for what is under way, and for signatures. */
const fullLength = maxLength / 2

function tooMany({ step }: HttpRequest): InvalidArgumentError {
  return new InvalidArgumentError(`the cassette is full: it holds ${maxItems} exchanges, or ${fullLength} characters`, {
    step,
    hint: 'Call finish() on this recording, and begin another.',
  })
}

function failureOf({ code }: TransportError): CassetteFailure {
  return { code, message: failureMessages[code] }
}

const systemSource: Pick<Runtime, 'now' | 'newId'> = {
  now: () => Math.floor(Date.now() / 1000),
  newId: () => crypto.randomUUID(),
}

function leakCheck(
  secrets: readonly Secret[],
  found: ReadonlySet<string>,
  { forbidden = [], origins = {} }: RecordOptions,
): (text: string) => void {
  const chosen = Object.values(origins).join(' ')
  const names = [...found].filter((name) => !isPseudonym(name) && !chosen.includes(name))
  const unwanted = [...names, ...forbidden].map((name) => new Secret(name))
  return (text) => {
    // One search for all: it reads the text in every encoding.
    if (!showsSecret(text, [...secrets, ...unwanted])) return
    const what = showsSecret(text, secrets) ? 'a secret' : 'a name or an id'
    throw new InvalidArgumentError(
      `the cassette was not kept: it would show ${what} of the recording`,
      {
        step: 'authority',
        hint: 'A server put it where nobody expects it. Record against another tenant, or report which request it was.',
      },
      'ERR_CASSETTE_LEAK',
    )
  }
}

/** Whether a user name, a host or an id stays as it is, alone and in a URL. */
function isPseudonym(name: string): boolean {
  return [name, `https://${name}/`].every((text) => createPseudonyms().text(text) === text)
}

function renameOrigins(cassette: Cassette, origins: Readonly<Record<string, string>>): Cassette {
  const names = Object.keys(origins)
  if (names.length === 0) return cassette
  const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
  // Another port, or a longer host, is another origin.
  const pattern = new RegExp(`(?:${escaped.join('|')})(?![\\w.-]|:\\d)`, 'gi')
  const rename = (text: string): string => text.replace(pattern, (found) => origins[found.toLowerCase()] ?? found)
  return walkJson(cassette, ({ text }) => rename(text)) as Cassette
}
