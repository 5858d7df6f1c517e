import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

// Prints the URL of every module as Node loads it. Written for node:module's register(), which Node 20 has.
const hooks = `
  import { writeSync } from 'node:fs'
  export async function load(url, context, next) { writeSync(2, 'loaded ' + url + '\\n'); return next(url, context) }`
const preload = `
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))`

/** The modules that `import` of a sub-path loads, without the built-in ones that Node always has. */
async function loadedBy(specifier: string): Promise<string[]> {
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(preload)}`,
      '--input-type=module',
      '-e',
      `import '${specifier}'`,
    ],
    { cwd: root },
  )
  return [...stderr.matchAll(/^loaded (\S+)$/gm)].map(([, url]) => url ?? '')
}

const packagesOf = (urls: readonly string[]): string[] =>
  [...new Set(urls.map((url) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(url)?.[1]))].filter(
    (name) => name !== undefined,
  )

describe('what an import loads', () => {
  beforeAll(() => {
    if (!existsSync(`${root}dist/index.js`)) throw new Error('run "npm run build" first: this tests what is published')
  })

  it('"ropc-client" loads no XML parser, no undici, no node:https, and of jose only jwt/decode', async () => {
    const urls = await loadedBy('ropc-client')
    expect(urls.some((url) => url.endsWith('dist/client/client.js'))).toBe(true)
    expect(packagesOf(urls)).toEqual(['jose'])
    expect(
      urls
        .filter((url) => url.includes('/jose/') && /\/(jwt|jws|jwks|jwe|key)\//.test(url))
        .every((url) => url.endsWith('/jwt/decode.js') || url.endsWith('/util/decode_jwt.js')),
    ).toBe(true)
    expect(
      urls.filter((url) =>
        /dist\/(wstrust\/(?!namespaces)|protocol\/(aadsts|token-response)|transport\/(https|undici)|simulator\/|cli\/)/.test(
          url,
        ),
      ),
    ).toEqual([])
    expect(urls.filter((url) => url.startsWith('node:') && url !== 'node:fs')).toEqual([])
  })

  it.each([
    ['ropc-client/errors', []],
    ['ropc-client/realm', []],
    ['ropc-client/cache', []],
    ['ropc-client/protocol', ['jose']],
    ['ropc-client/transport', []],
    ['ropc-client/simulator', ['jose']],
  ])('"%s" loads of node_modules only %j', async (specifier, packages) => {
    expect(packagesOf(await loadedBy(specifier))).toEqual(packages)
  })

  it('"ropc-client/wstrust" loads the two XML parsers and what they need, and nothing that sends', async () => {
    const packages = packagesOf(await loadedBy('ropc-client/wstrust'))
    expect(packages).toEqual(expect.arrayContaining(['fast-xml-parser', 'saxes']))
    expect(packages).not.toEqual(expect.arrayContaining([expect.stringMatching(/jose|undici/)]))
  })

  it.skipIf(process.platform === 'win32')('the command can be executed after every build', () => {
    expect(statSync(`${root}dist/cli/main.js`).mode & 0o111).toBe(0o111)
  })

  it('require() works too: there is no top-level await', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=commonjs', '-e', `console.log(typeof require('ropc-client').createRopcClient)`],
      { cwd: root },
    )
    expect(stdout.trim()).toBe('function')
  })
})
