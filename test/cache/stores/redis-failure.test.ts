import { inspect } from 'node:util'
import { createClient } from 'redis'
import { describe, expect, it } from 'vitest'
import { createRedisStore } from '../../../src/cache/stores/redis.ts'
import { createPatience } from '../../../src/cache/stores/redis-failure.ts'
import { CacheError } from '../../../src/errors.ts'

const secret = 'SECRET'
class ClientOfflineError extends Error {}

const bounded = (code: 'ERR_CACHE_READ' | 'ERR_CACHE_WRITE', timeoutMs: number, answer: Promise<unknown>) =>
  createPatience(timeoutMs).await(code, answer, (value) => value)

async function failureOf(reason: unknown): Promise<CacheError> {
  const error: unknown = await bounded('ERR_CACHE_WRITE', 1_000, Promise.reject(reason)).catch(
    (caught: unknown) => caught,
  )
  if (!(error instanceof CacheError)) throw new Error('this is no CacheError')
  return error
}

describe('a failure of Redis', () => {
  it.each([
    ['LOADING', new Error('LOADING Redis is loading the dataset in memory'), /try again/],
    ['WRONGTYPE', new Error('WRONGTYPE Operation against SECRET script: 0f, on @user_script:1.'), /prefix/],
    // Redis 6.2 puts its own words first.
    ['OOM', new Error('ERR Error running script (call to f_0f): @user_script:9: -OOM command SECRET'), /maxmemory/],
    ['READONLY', new Error("ERR Error running script (call to f_0f): @user_script: 9: READONLY You can't"), /primary/],
    ['NOPERM', new Error("NOPERM this user has no permissions to run the 'evalsha' command"), /EVALSHA/],
    ['NOPERM', new Error("ERR The user executing the script can't run this command or subcommand"), /EVALSHA/],
    ['ERR', new Error("ERR unknown command 'X', with args beginning with: 'SECRET' LOADING "), /reachable/],
    ['ECONNREFUSED', Object.assign(new Error('connect SECRET'), { code: 'ECONNREFUSED' }), /reachable/],
    ['ClientOfflineError', new ClientOfflineError('The client of redis://u:SECRET@h is offline'), /reachable/],
    ['unknown', new Error('SECRET-token of ada'), /reachable/],
    ['unknown', Object.assign(new Error('no'), { code: 'SECRET token' }), /reachable/],
    ['unknown', 'SECRET', /reachable/],
    ['unknown', undefined, /reachable/],
  ])('is called %s, tells what to do, and repeats nothing that was sent', async (word, reason, hint) => {
    const error = await failureOf(reason)
    expect(error).toMatchObject({ code: 'ERR_CACHE_WRITE', step: 'cache', hint: expect.stringMatching(hint) })
    expect(error.message).toBe(`Redis could not be written (${word})`)
    expect(inspect(error, { depth: 9 })).not.toContain(secret)
  })

  it('passes through when it is one of ours', async () => {
    const error = new CacheError('ERR_CACHE_READ', 'ours', { step: 'cache' })
    expect(await failureOf(error)).toBe(error)
  })

  it('is an answer that cannot be read, too', async () => {
    const spoiled = createPatience(1_000).await('ERR_CACHE_READ', Promise.resolve(), () => {
      throw new TypeError('SECRET')
    })
    await expect(spoiled).rejects.toMatchObject({ message: 'Redis could not be read (unknown)' })
  })

  it('is no answer in time', async () => {
    const silence = bounded('ERR_CACHE_READ', 10, new Promise(() => undefined))
    await expect(silence).rejects.toMatchObject({ code: 'ERR_CACHE_READ', hint: expect.stringContaining('timeoutMs') })
  })

  it('that did not come leaves no timer behind, which would keep the process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    await Promise.all(Array.from({ length: 50 }, () => bounded('ERR_CACHE_READ', 60_000, Promise.resolve())))
    expect(timers()).toBeLessThan(before + 50)
  })

  it('of a client of redis that was never connected says so', async () => {
    await expect(createRedisStore(createClient()).read('ada.t')).rejects.toMatchObject({
      code: 'ERR_CACHE_READ',
      message: 'Redis could not be read (ClientClosedError)',
      hint: expect.stringContaining('connect()'),
    })
  })
})
