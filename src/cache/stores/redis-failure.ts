import { CacheError } from '../../errors.ts'
import { TimeLimit } from './time-limit.ts'

/** Waits for Redis, and not for ever. */
export interface Patience {
  /**
   * Says what goes wrong in words of our own: messages of the clients may repeat what was sent, tokens and the password of
   * the connection among it.
   *
   * @param read Makes of the answer what is wanted.
   * @throws {@link CacheError} with `code`.
   */
  await<T, R>(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', answer: Promise<T>, read: (answer: T) => R): Promise<R>
}

export function createPatience(timeoutMs: number): Patience {
  const limit = new TimeLimit(timeoutMs)
  return {
    // By hand, for it stands in the way of every hit: a race, or a step of its own for reading, costs promises more.
    await: (code, answer, read) =>
      new Promise((resolve, reject) => {
        const wait = limit.begin(() => reject(redisFailure(code, 'TIMEOUT')))
        const fail = (error: unknown): void => {
          limit.done(wait)
          reject(error instanceof CacheError ? error : redisFailure(code, reasonOf(error)))
        }
        answer.then((value) => {
          limit.done(wait)
          try {
            resolve(read(value))
          } catch {
            reject(redisFailure(code, 'unknown'))
          }
        }, fail)
      }),
  }
}

/** The code of the system, the server's first word (scripts put theirs after their own name), or the class of the error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as { readonly code?: unknown }
  if (typeof code === 'string' && /^[A-Z][A-Z_]{2,29}$/.test(code)) return code
  // How Redis 7 says within scripts what it says elsewhere with a word of its own.
  if (error.message.startsWith('ERR The user executing the script')) return 'NOPERM'
  const words = /^(?:ERR .*?@user_script: ?\d+: -?)?([A-Z]{3,20})(?= |$)/.exec(error.message)
  if (words?.[1] !== undefined) return words[1]
  const { name } = error.constructor
  return /^[A-Z][A-Za-z]{0,40}Error$/.test(name) && name !== 'Error' ? name : 'unknown'
}

function redisFailure(code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', reason: string): CacheError {
  const what = code === 'ERR_CACHE_READ' ? 'read' : 'written'
  return new CacheError(code, `Redis could not be ${what} (${reason})`, {
    step: 'cache',
    hint: hints[reason] ?? 'Check that the server is reachable and that the client is connected.',
  })
}

const hints: Readonly<Record<string, string>> = {
  TIMEOUT: 'The server did not answer in time: look at its load and at the network, or raise timeoutMs.',
  WRONGTYPE: 'Something else uses keys of this name: choose another prefix.',
  NOAUTH: 'The client must authenticate: put user name and password into its options.',
  WRONGPASS: 'The user name or password in the options of the client is wrong.',
  NOPERM:
    'The Redis user may not do this: it needs HGETALL, EVAL, EVALSHA, SCAN, and in scripts the commands of hashes, sets, keys and strings, on these keys.',
  READONLY: 'This is a replica: connect to the primary.',
  OOM: 'The server has no memory left: raise maxmemory, or set an eviction policy.',
  MISCONF: 'The server cannot save to its disk and takes no writes: look into its log.',
  LOADING: 'The server is starting: try again.',
  BUSY: 'A script of somebody blocks the server: try again.',
  MOVED: 'The server is part of a cluster: use the cluster client of your package.',
  CLUSTERDOWN: 'The cluster does not serve all keys: look at CLUSTER INFO.',
  ClientClosedError: 'The client is not connected: await client.connect() first, and close it last.',
}
