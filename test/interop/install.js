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

const debianPackages = ['python3-msal', 'python3-adal', 'xmlsec1']

/**
 * Installs what is missing.
 *
 * @returns For each peer `{ version }`, or `{ missing: reason }`: its rows are then skipped, by name.
 */
export async function installPeers() {
  const [npm, debian] = await Promise.all([installFromNpm(), installFromDebian()])
  return { ...npm, ...debian }
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

async function installFromDebian() {
  const before = await debianVersions()
  const absent = debianPackages.filter((name) => before[name] === undefined)
  if (absent.length === 0) return asPeers(before)
  if (process.getuid?.() !== 0) return asPeers(before, 'not installed, and only root may install Debian packages')
  const reason = await aptGetInstall(absent)
  return asPeers(await debianVersions(), reason ?? 'not installed')
}

function asPeers(versions, reason) {
  const entry = (name) => [name, versions[name] === undefined ? { missing: reason } : { version: versions[name] }]
  return Object.fromEntries(debianPackages.map(entry))
}

/** The upstream part of each installed package's version; nothing for one that is not installed. */
async function debianVersions() {
  const format = `\${Package} \${db:Status-Status} \${Version}\n`
  try {
    const { stdout } = await run('dpkg-query', ['--show', '--showformat', format, ...debianPackages])
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
  const limits = { env, timeoutMs: 120_000, killSignal: 'SIGTERM' }
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
