import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { run } from './child.js'

const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1'
/** Maven's local repository is shared, and not made for two at once. */
let last = Promise.resolve()

/** Unpacks an artefact into a folder, once. @returns Why not; `undefined` when it is there. */
export function unpackArtifact(artifact, folder) {
  const goal = [`${plugin}:unpack`, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]
  return once(folder, artifact, goal, dirname(folder))
}

/** Builds a project with `interop.build` at a folder, once for each state of its files. @returns Why not, if so. */
export function buildProject(project, sources, folder) {
  const state = ['pom.xml', ...sources].map((file) => readFileSync(`${project}/${file}`, 'utf8')).join('\n')
  return once(folder, state, ['package', '-f', `${project}/pom.xml`, `-Dinterop.build=${folder}`], project)
}

function once(folder, state, goal, cwd) {
  const mark = `${folder}/.interop-state`
  if (existsSync(mark) && readFileSync(mark, 'utf8') === state) return Promise.resolve(undefined)
  last = last.then(async () => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const reason = await maven(goal, cwd)
    if (reason === undefined) writeFileSync(mark, state)
    return reason
  })
  return last
}

async function maven(goal, cwd) {
  try {
    const { code, stdout } = await run('mvn', ['-B', '-q', '-ntp', ...goal], { cwd, timeoutMs: 400_000 })
    if (code === 0) return undefined
    const [line = 'no reason given'] = stdout.split('\n').filter((text) => text.includes('[ERROR]'))
    return `mvn ended with ${code}: ${line.replace(/^.*\[ERROR\]\s*/, '').slice(0, 300)}`
  } catch (error) {
    return error.message
  }
}
