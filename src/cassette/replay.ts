import type { Runtime } from '../client/runtime.ts'
import { InvalidArgumentError, TransportError } from '../errors.ts'
import type { HttpRequest, HttpResponse, Transport } from '../protocol/http.ts'
import type { RedactedRequest } from '../redact/redacted-message.ts'
import { abortFailure } from '../transport/failure.ts'
import { createBinding } from './binding.ts'
import type { Cassette, CassetteResponse, Exchange } from './cassette.ts'
import { createDrawReplayer } from './draws.ts'
import { createTokenPublisher } from './publish-tokens.ts'
import { readCassette } from './read-cassette.ts'
import { recordedRequest } from './recorded-message.ts'
import { diffRequests, titleOf } from './request-diff.ts'
import { idsOf, isSameButDrawn, isSameDocument, textOf } from './shared-document.ts'

export interface ReplayOptions {
  /** The user name that your program signs in with, in place of the cassette's pseudonym. */
  readonly username?: string
}

/** A transport that answers from a cassette. */
export interface Replay extends Transport {
  /** Clock, ids and timers of the recording, for the option `runtime` of the client. No wait takes time. */
  readonly runtime: Runtime
  readonly cassette: Cassette
  /** How many of the recorded exchanges were not asked for yet. */
  readonly left: number
  /** @throws {@link CassetteMismatchError} when an exchange was not asked for, or when another was that is in no recording. */
  assertExhausted(): void
}

/** A request that is not in the cassette, or one that was never made. Nothing was sent. */
export class CassetteMismatchError extends InvalidArgumentError {
  /** How the request differs from the recorded one it is most like: lines with `-` (recorded) and `+` (sent). */
  readonly diff: string

  constructor(message: string, diff: readonly string[], details: { readonly step: HttpRequest['step']; hint: string }) {
    super(message, details, 'ERR_CASSETTE_MISMATCH')
    this.name = 'CassetteMismatchError'
    this.diff = diff.join('\n')
    // Test runners print the stack.
    if (diff.length > 0)
      this.stack = `${this.name}: ${this.message}\n${this.diff}\n${this.stack?.replace(/^[^\n]*\n?/, '')}`
  }
}

/**
 * Answers requests from a cassette, and sends nothing, ever. A request is compared with the recorded ones after the same
 * redaction; each is answered once, those of concurrent calls in any order. A document without secrets that one call of the
 * recording fetched for all (metadata, a realm) may be fetched by another, and need not be fetched again. Give the client its
 * `runtime` too: clock and ids are in the requests.
 *
 * @param json A cassette, or the text or value of one.
 * @throws `InvalidArgumentError` `ERR_CASSETTE_INVALID` for what is no cassette; {@link CassetteMismatchError} from the transport.
 */
export function replayTransport(json: unknown, options: ReplayOptions = {}): Replay {
  const cassette = readCassette(json)
  const binding = createBinding(cassette.client?.username, options.username)
  const draws = createDrawReplayer(cassette.exchanges, cassette.rest ?? [])
  const left = [...cassette.exchanges]
  /** Documents that calls got which the recording has under another call. */
  const shared = new Map<Exchange, Set<number>>()
  let mismatch: CassetteMismatchError | undefined

  const find = (sent: RedactedRequest, recorded: number | undefined): Exchange | undefined =>
    left.find(({ call, request }) => (recorded ?? call) === call && textOf(request) === textOf(sent))
  /** What another call of the recording fetched, for this one too: each call gets each document as often as it is recorded. */
  const findDocument = (sent: RedactedRequest, recorded: number | undefined): Exchange | undefined => {
    if (recorded === undefined) return undefined
    const same = cassette.exchanges.filter(
      (exchange) =>
        exchange.call !== recorded &&
        shared.get(exchange)?.has(recorded) !== true &&
        isSameDocument(exchange.request, sent),
    )
    // What a call found in the cache had been fetched in the end.
    const found = same.find(isHad) ?? same[0]
    if (found !== undefined) shared.set(found, (shared.get(found) ?? new Set()).add(recorded))
    return found
  }
  /** Whether a document need not be asked for any more: another call got it, and the cache has it. */
  const isSpared = (exchange: Exchange): boolean =>
    cassette.exchanges.some((other) => {
      const isOthers = other.call !== exchange.call
      const isKnown = isHad(other) && (shared.has(other) || (isOthers && !left.includes(other)))
      const isFor = isHad(exchange)
        ? (isOthers || other === exchange) && other.response?.body === exchange.response?.body
        : true
      return isKnown && isFor && isSameDocument(other.request, exchange.request)
    })
  /** Of a call that asked for more documents than the recorded one, or for fewer: it draws at other moments. */
  const findShifted = (sent: RedactedRequest, recorded: number | undefined): Exchange | undefined => {
    const own = left.filter(({ call }) => call === recorded)
    const hadMore = [...shared.values()].some((calls) => calls.has(recorded ?? 0))
    if (!hadMore && !own.some(isSpared)) return undefined
    const ids = idsOf(cassette.exchanges.filter(({ call }) => call === recorded))
    return own.find(({ request }) => isSameButDrawn(request, sent, ids))
  }
  const unasked = (): readonly Exchange[] => left.filter((exchange) => !isSpared(exchange))

  const send: Transport = async (request, sendOptions) => {
    if (sendOptions?.signal?.aborted === true) throw abortFailure(request.step, sendOptions.signal.reason)
    const plain = recordedRequest(request)
    const sent = { ...plain, url: binding.toPseudonym(plain.url), ...bodyOf(plain, binding.toPseudonym) }
    const recorded = sendOptions?.call === undefined ? undefined : draws.recordedCall(sendOptions.call)
    const own = find(sent, recorded)
    const exchange = own ?? findDocument(sent, recorded) ?? findShifted(sent, recorded)
    if (exchange === undefined) {
      const error = unexpected(sent, left, request)
      mismatch ??= error
      throw error
    }
    if (own !== undefined || exchange.call === recorded) {
      left.splice(left.indexOf(exchange), 1)
      draws.passed(exchange)
    }
    if (exchange.failure !== undefined) {
      throw new TransportError(exchange.failure.code, exchange.failure.message, { step: request.step })
    }
    return answer(exchange.response, options.username === undefined ? undefined : binding.toOwn)
  }

  return Object.defineProperties(send as Replay, {
    runtime: {
      value: {
        ...draws.source,
        forCall: draws.forCall,
        wait: async (_, signal) => signal?.throwIfAborted(),
      } satisfies Runtime,
    },
    cassette: { value: cassette },
    left: { get: () => unasked().length },
    assertExhausted: {
      value: () => {
        if (mismatch !== undefined) throw mismatch
        const never = unasked()
        if (never.length > 0) throw unused(never)
      },
    },
  })
}

function isHad({ response }: Exchange): boolean {
  return response?.status === 200
}

function bodyOf({ body }: RedactedRequest, change: (text: string) => string): { readonly body?: string } {
  return body === undefined ? {} : { body: change(body) }
}

async function answer(
  response: CassetteResponse = { status: 204, headers: {}, body: '' },
  change: ((text: string) => string) | undefined,
): Promise<HttpResponse> {
  if (change === undefined) return response
  const changed = { ...response, body: change(response.body) }
  if (changed.body === response.body) return response
  return (await createTokenPublisher()).publish(changed)
}

function unexpected(sent: RedactedRequest, left: readonly Exchange[], { step }: HttpRequest): CassetteMismatchError {
  const nearest = left
    .map(({ request }) => ({ request, diff: diffRequests(request, sent) }))
    .sort((a, b) => distance(a.request, a.diff, sent) - distance(b.request, b.diff, sent))[0]
  const what = `the cassette has no such request: ${titleOf(sent)}`
  if (nearest === undefined) {
    return new CassetteMismatchError(`${what}; all of its exchanges were asked for`, [], {
      step,
      hint: 'The program asks more than was recorded: record it anew, or use a new replay for each test.',
    })
  }
  const changed = [...new Set(nearest.diff.map((line) => line.slice(2).split(':')[0]))]
  return new CassetteMismatchError(
    `${what}; the next like it, ${titleOf(nearest.request)}, differs in ${changed.slice(0, 6).join(', ')}`,
    nearest.diff,
    {
      step,
      hint: 'The lines with "-" were recorded, those with "+" were asked. Is the runtime of the replay in use too?',
    },
  )
}

// Another place is another request, however much of the rest is the same.
function distance(recorded: RedactedRequest, diff: readonly string[], sent: RedactedRequest): number {
  return diff.length + (titleOf(recorded) === titleOf(sent) ? 0 : 100)
}

function unused(left: readonly Exchange[]): CassetteMismatchError {
  const titles = left.map(({ request }) => `- ${titleOf(request)}`)
  const message = `${left.length} of the recorded requests ${left.length === 1 ? 'was' : 'were'} not made, first ${titleOf(left[0]?.request ?? { method: '', url: '', headers: {} })}`
  return new CassetteMismatchError(message, titles, {
    step: 'authority',
    hint: 'The program asks less than was recorded, or found an answer in its cache.',
  })
}
