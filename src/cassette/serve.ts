import { InvalidArgumentError } from '../errors.ts'
import { createServerCertificate } from '../simulator/certificates.ts'
import { loadLibraries } from '../simulator/libraries.ts'
import { type LoopbackPort, openLoopbackPort } from '../simulator/loopback-port.ts'
import type { Cassette } from './cassette.ts'
import { createTokenPublisher } from './publish-tokens.ts'
import { readCassette } from './read-cassette.ts'
import { createServedCassette, originsOf, type ServedCassette } from './served-cassette.ts'

/** What a program needs to replay one of the cassettes. Any password will do. */
export interface ServedCassetteFacts {
  readonly name: string
  readonly title?: string
  /** `https://localhost:{port}/…` */
  readonly authority: string
  readonly clientId?: string
  readonly username?: string
  /** What the recorded program asked for first. */
  readonly scopes?: readonly string[]
}

export interface CassetteServer {
  /** PEM of the certificate authority that was made for this run. */
  readonly ca: string
  readonly cassettes: readonly ServedCassetteFacts[]
  close(): Promise<void>
}

/**
 * Serves cassettes over TLS on 127.0.0.1, to programs of any language: each origin of each cassette on a port of its own, that of
 * the authority under another host name than the others.
 *
 * Answers are as if given now: origins are those of the ports, instants are moved, and tokens are signed anew with the published
 * key. Which exchange answers a request, {@link matchesLoosely} says.
 *
 * @param cassettes By name; as text, as JSON, or read.
 * @throws {@link InvalidArgumentError} `ERR_CASSETTE_INVALID` for what is no cassette, `ERR_INVALID_ARGUMENT` for one that says of
 *   no server; {@link UnsupportedError} `ERR_MISSING_DEPENDENCY` when an optional peer dependency is not installed.
 */
export async function serveCassettes(cassettes: ReadonlyMap<string, unknown>): Promise<CassetteServer> {
  const read = [...cassettes].map(([name, json]) => ({ name, cassette: readCassette(json) }))
  for (const { name, cassette } of read) {
    if (originsOf(cassette).length === 0) {
      throw new InvalidArgumentError(`the cassette ${name} has neither an authority nor a request`, {
        step: 'authority',
        hint: 'Nobody could ask it for anything: leave it out.',
      })
    }
  }
  const now = (): number => Math.floor(Date.now() / 1000)
  const certificate = await createServerCertificate(await loadLibraries(), ['localhost', '127.0.0.1', '::1'], now())
  const publisher = await createTokenPublisher()
  const ports: LoopbackPort[] = []
  const close = async (): Promise<void> => {
    await Promise.all(ports.map((port) => port.close()))
  }

  async function open(name: string, cassette: Cassette): Promise<ServedCassetteFacts> {
    // The ports have to be known before anything can be answered, and nobody knows them before.
    let served: ServedCassette | undefined
    const origins = new Map<string, string>()
    for (const origin of originsOf(cassette)) {
      const port = await openLoopbackPort(certificate, 0, 'localhost', async (request) => {
        const { pathname, search } = new URL(request.url)
        const answer = await served?.answer({ ...request, url: `${origin}${pathname}${search}` })
        if (answer !== undefined && 'status' in answer) return { response: answer, delayMs: 0 }
        const connection = answer?.code === 'ERR_TRANSPORT_TIMEOUT' ? 'hang' : 'reset'
        return { response: { status: 503, headers: {}, body: '' }, delayMs: 0, connection }
      })
      ports.push(port)
      // Another host name than the authority's: what a client trusts the one with must not reach the other by accident.
      origins.set(origin, `https://${origins.size === 0 ? 'localhost' : '127.0.0.1'}:${port.port}`)
    }
    served = createServedCassette({ name, cassette, origins, publisher, now })
    return factsOf(name, cassette, served)
  }

  try {
    const facts = await Promise.all(read.map(({ name, cassette }) => open(name, cassette)))
    return { ca: certificate.caPem, cassettes: facts, close }
  } catch (error) {
    await close()
    throw error
  }
}

function factsOf(name: string, cassette: Cassette, { toServed }: ServedCassette): ServedCassetteFacts {
  const { title, client, calls = [], exchanges } = cassette
  const first = new URL(exchanges[0]?.request.url ?? 'https://localhost')
  const scopes = calls[0]?.request['scopes']
  return {
    name,
    ...(title === undefined ? {} : { title }),
    authority: toServed(client?.authority ?? `${first.origin}/${first.pathname.split('/')[1]}`),
    ...(client === undefined ? {} : { clientId: client.clientId }),
    ...(client?.username === undefined ? {} : { username: client.username }),
    ...(Array.isArray(scopes) ? { scopes: scopes.filter((scope) => typeof scope === 'string') } : {}),
  }
}
