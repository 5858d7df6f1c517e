import { CacheError } from '../../errors.ts'

/**
 * Waits for Redis, not for ever, and says what went wrong in words of our own: messages of the clients may repeat what was
 * sent, tokens and the password of the connection among it.
 *
 * @throws {@link CacheError} with `code`.
 */
export function bounded<T>(
  code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE',
  timeoutMs: number,
  answer: Promise<T>,
): Promise<T> {
  // By hand, for it stands in the way of every hit: a race costs several promises more.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(redisFailure(code, 'TIMEOUT')), timeoutMs)
    answer.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error instanceof CacheError ? error : redisFailure(code, reasonOf(error)))
      },
    )
  })
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
