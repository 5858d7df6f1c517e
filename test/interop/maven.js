import { readFileSync } from 'node:fs'
import { run } from './child.js'
import { installOnce } from './install-once.js'

const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack'
/** Maven's local repository is shared, and not made for two at once. */
let last = Promise.resolve()

/** Unpacks an artefact into a folder, once. @returns Why not; `undefined` when it is there. */
export function unpackArtifact(artifact, folder) {
  // In the folder itself, as the plugin leaves its markers where it runs.
  return installOnce(folder, artifact, () =>
    inTurn([unpack, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`], folder),
  )
}

/** Builds a project with `interop.build` at a folder, once for each state of its files. @returns Why not, if so. */
export function buildProject(project, sources, folder) {
  const state = ['pom.xml', ...sources].map((file) => readFileSync(`${project}/${file}`, 'utf8')).join('\n')
  return installOnce(folder, state, () => inTurn(['package', `-Dinterop.build=${folder}`], project))
}

function inTurn(goal, cwd) {
  const mine = last.then(() => maven(goal, cwd))
  last = mine.catch(() => {})
  return mine
}

async function maven(goal, cwd) {
  const { code, stdout } = await run('mvn', ['-B', '-q', '-ntp', ...goal], { cwd, timeoutMs: 400_000 })
  if (code === 0) return
  const [line = 'no reason given'] = stdout.split('\n').filter((text) => text.includes('[ERROR]'))
  throw new Error(`mvn ended with ${code}: ${line.replace(/^.*\[ERROR\]\s*/, '').slice(0, 300)}`)
}
