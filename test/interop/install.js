import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './child.js'

const here = fileURLToPath(new URL('.', import.meta.url))
/** Everything installed goes below it; git ignores it. */
export const installed = `${here}.installed/`
const lockFile = `${here}package-lock.json`
/** A copy of the lockfile whose installation went through. Inside node_modules, so that both go together. */
const doneMark = `${installed}node_modules/.installed-lock.json`

/** Where `createRequire` finds the npm peers; they are not in the project's own node_modules. */
export const npmPeersRoot = `${installed}package.json`

/** Debian packages by the peer that is one; the servers name theirs. */
const debianPeers = { 'python3-msal': ['python3-msal'], 'python3-adal': ['python3-adal'], xmlsec1: ['xmlsec1'] }

/**
 * Installs what is missing.
 *
 * @param others Peers that come from elsewhere: `{ name, debian }`, `{ name, npm }` or `{ name, install() }`.
 * @returns For each peer `{ version }`, or `{ missing: reason }`: its rows are then skipped, by name.
 */
export async function installPeers(others) {
  const ofDebian = others.filter(({ debian }) => debian !== undefined).map(({ name, debian }) => [name, debian])
  const installations = others
    .filter(({ install }) => install !== undefined)
    .map(async ({ name, install }) => [name, await install().catch(({ message }) => ({ missing: message }))])
  const [npm, debian, ...rest] = await Promise.all([
    installFromNpm(),
    installFromDebian({ ...debianPeers, ...Object.fromEntries(ofDebian) }),
    ...installations,
  ])
  return { ...npm, ...debian, ...Object.fromEntries(rest) }
}

/** Exactly the committed lockfile, in a folder of its own that git ignores. */
async function installFromNpm() {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'))
  const missing = isCurrent() ? undefined : await npmCi()
  const entry = ([name, version]) => [name, missing === undefined ? { version } : { missing }]
  return Object.fromEntries(Object.entries(dependencies).map(entry))
}

function isCurrent() {
  return existsSync(doneMark) && readFileSync(doneMark, 'utf8') === readFileSync(lockFile, 'utf8')
}

/** @returns Why it failed; `undefined` when it went through. */
async function npmCi() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1']
  try {
    mkdirSync(installed, { recursive: true })
    copyFileSync(`${here}package.json`, `${installed}package.json`)
    copyFileSync(lockFile, `${installed}package-lock.json`)
    const { code, stderr } = await run('npm', args, { cwd: installed, timeoutMs: 90_000 })
    if (code !== 0) return `npm ci ended with ${code}: ${firstLine(stderr)}`
    copyFileSync(lockFile, doneMark)
    return undefined
  } catch (error) {
    return error.message
  }
}

/** @param peers The packages of each peer, the one whose version is its own first. */
async function installFromDebian(peers) {
  const asked = Object.values(peers).flat()
  const before = await debianVersions(asked)
  const absent = asked.filter((name) => before[name] === undefined)
  if (absent.length === 0) return asPeers(peers, before)
  if (process.getuid?.() !== 0)
    return asPeers(peers, before, 'not installed, and only root may install Debian packages')
  // One that cannot be had must not keep the others away.
  const reason = (await aptGetInstall(absent)) === undefined ? undefined : await eachByItself(peers, before)
  return asPeers(peers, await debianVersions(asked), reason ?? 'not installed')
}

/** @returns The last reason of those that failed. */
async function eachByItself(peers, before) {
  let reason
  for (const names of Object.values(peers)) {
    const absent = names.filter((name) => before[name] === undefined)
    if (absent.length > 0) reason = (await aptGetInstall(absent)) ?? reason
  }
  return reason
}

function asPeers(peers, versions, reason) {
  const entry = ([peer, names]) => {
    const absent = names.find((name) => versions[name] === undefined)
    return [peer, absent === undefined ? { version: versions[names[0]] } : { missing: `${absent}: ${reason}` }]
  }
  return Object.fromEntries(Object.entries(peers).map(entry))
}

/** The upstream part of each installed package's version; nothing for one that is not installed. */
async function debianVersions(names) {
  const format = `\${Package} \${db:Status-Status} \${Version}\n`
  try {
    const { stdout } = await run('dpkg-query', ['--show', '--showformat', format, ...names])
    const lines = stdout.split('\n').map((line) => line.split(' '))
    const ready = lines.filter(([, status]) => status === 'installed')
    return Object.fromEntries(ready.map(([name, , version]) => [name, version.replace(/-[^-]*$/, '')]))
  } catch {
    return {} // not a Debian
  }
}

async function aptGetInstall(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Ended gently when it takes too long: half-unpacked packages would be left to others to repair.
  const limits = { env, timeoutMs: 300_000, killSignal: 'SIGTERM' }
  const apt = (...args) => run('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=60', ...args], limits)
  const install = () => apt('install', '--no-install-recommends', ...names)
  try {
    // A machine that has never fetched the lists, or has old ones, fails at first.
    if ((await install()).code === 0) return undefined
    await apt('update')
    const { code, stderr } = await install()
    return code === 0 ? undefined : `apt-get ended with ${code}: ${firstLine(stderr)}`
  } catch (error) {
    return error.message
  }
}

const firstLine = (output) => output.trim().split('\n')[0]
