// `npm run bench`: everything. `node bench/run.js --quick`: smaller sizes. `node bench/run.js silent-hit --sizes=1000`: one
// benchmark, with its arguments.
import { fork, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { printTable } from './report.js'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Each runs in a process of its own; megabytes of heap that it needs. */
const benchmarks = {
  'silent-hit': 14_000,
  'sign-in': 8_000,
  accounts: 4_000,
  memory: 8_000,
  transfer: 8_000,
  'redis-hit': 4_000,
}

const given = process.argv.slice(2)
const chosen = Object.keys(benchmarks).filter((name) => given.includes(name))
const started = performance.now()

const why = installPeers()
if (why !== undefined) {
  console.error(why)
  process.exit(1)
}
const [{ model }] = cpus()
console.log(`${model} × ${cpus().length}, Node ${process.versions.node}, @azure/msal-node ${peerVersion()}`)

const rows = []
for (const name of chosen.length > 0 ? chosen : Object.keys(benchmarks)) {
  if (existsSync(`${here}${name}.js`)) await run(name)
}
printTable(rows)
const failed = rows.filter(({ ok }) => ok === false).length
const passed = rows.filter(({ ok }) => ok === true).length
console.log(`${passed} passed, ${failed} failed, after ${((performance.now() - started) / 1000).toFixed(0)} s`)
process.exitCode = failed > 0 ? 1 : 0

/** Runs one benchmark; what it reports goes to `rows`, and that it broke does too. */
async function run(name) {
  console.error(`${name} …`)
  const execArgv = ['--expose-gc', `--max-old-space-size=${benchmarks[name]}`]
  const child = fork(
    `${here}${name}.js`,
    given.filter((argument) => argument.startsWith('--')),
    { execArgv },
  )
  child.on('message', (row) => rows.push(row))
  const code = await new Promise((resolve) => child.once('close', (exitCode, signal) => resolve(exitCode ?? signal)))
  if (code !== 0) rows.push({ what: name, result: `ended with ${code}`, ok: false })
}

/** Installs exactly the lockfile into bench/node_modules, unless it is there. @returns Why it could not be done. */
function installPeers() {
  const mark = `${here}node_modules/.installed-lock.json`
  const lock = readFileSync(`${here}package-lock.json`, 'utf8')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return undefined
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1']
  const { status, stderr, error } = spawnSync('npm', args, { cwd: here, encoding: 'utf8', timeout: 90_000 })
  if (status !== 0) return `the peers could not be installed: ${error?.message ?? stderr.trim().split('\n')[0]}`
  copyFileSync(`${here}package-lock.json`, mark)
  return undefined
}

function peerVersion() {
  return JSON.parse(readFileSync(`${here}node_modules/@azure/msal-node/package.json`, 'utf8')).version
}
