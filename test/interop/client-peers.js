import { copyFileSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from './child.js'
import { installed } from './install.js'
import { installOnce } from './install-once.js'
import { buildProject } from './maven.js'

const pathOf = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const javaProject = pathOf('./clients/msal-java')
const javaBuilt = `${installed}msal-java`
/** How MSAL Java is run. */
export const msalJava = ['java', '-Xmx128m', '-cp', `${javaBuilt}/classes:${javaBuilt}/lib/*`, 'interop.MsalJava']

const goSource = pathOf('./clients/msal-go')
const goBuilt = `${installed}msal-go`
/** How MSAL Go is run. */
export const msalGo = [`${goBuilt}/msal-go`]

const pythonVersion = '1.39.0'
const pythonHome = `${installed}msal-python`
/** The interpreter that has the newest MSAL Python; Debian's has an older one. */
export const newestPython = [`${pythonHome}/bin/python`, '-I', '-W', 'ignore']

/** Clients that come neither from npm nor from Debian, for `installPeers()`. */
export const clientPeers = [
  { name: 'msal4j', install: installJava },
  { name: 'MSAL Go', install: installGo },
  { name: 'msal (PyPI)', install: installPython },
]

async function installJava() {
  const missing = await buildProject(javaProject, ['src/main/java/interop/MsalJava.java'], javaBuilt)
  const [, version] = /<peer\.version>(.*)<\/peer\.version>/.exec(readFileSync(`${javaProject}/pom.xml`, 'utf8'))
  return missing === undefined ? { version } : { missing }
}

/** Exactly the committed go.sum. */
async function installGo() {
  const files = ['go.mod', 'go.sum', 'main.go']
  const [, version] = /authentication-library-for-go v(\S+)/.exec(readFileSync(`${goSource}/go.mod`, 'utf8'))
  const state = files.map((file) => readFileSync(`${goSource}/${file}`, 'utf8')).join('\n')
  const missing = await installOnce(goBuilt, state, async () => {
    for (const file of files) copyFileSync(`${goSource}/${file}`, `${goBuilt}/${file}`)
    await succeed('go', ['build', '-mod=readonly', '-o', 'msal-go', '.'], goBuilt)
  })
  return missing === undefined ? { version } : { missing }
}

async function installPython() {
  const missing = await installOnce(pythonHome, pythonVersion, async () => {
    await succeed('python3', ['-m', 'venv', pythonHome], installed)
    await succeed(newestPython[0], ['-m', 'pip', 'install', '-q', `msal==${pythonVersion}`], pythonHome)
  })
  return missing === undefined ? { version: pythonVersion } : { missing }
}

async function succeed(command, args, cwd) {
  const { code, stderr } = await run(command, args, { cwd, timeoutMs: 240_000 })
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${stderr.trim().slice(-300)}`)
}
