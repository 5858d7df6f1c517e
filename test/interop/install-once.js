import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/**
 * Fills a folder, unless it was filled for this state. A mark inside tells, so that both go together.
 *
 * @returns Why it could not be; `undefined` if it is there.
 */
export async function installOnce(folder, state, fill) {
  const mark = `${folder}/.interop-state`
  if (existsSync(mark) && readFileSync(mark, 'utf8') === state) return undefined
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    await fill()
    writeFileSync(mark, state)
    return undefined
  } catch (error) {
    return error.message
  }
}
