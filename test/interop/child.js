import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/**
 * The whole run's limit; most of it is for a first run, which downloads everything. Children still running then are killed, and their rows fail.
 * Their own limits (below) are what normally ends one that hangs.
 */
const wholeRun = AbortSignal.timeout(900_000)

/**
 * Runs a program to its end. Resolves whatever the exit code; rejects when it cannot be started or takes too long, and
 * then it has been killed, by its own pid.
 */
export async function run(command, args, options = {}) {
  const { input = '', env = process.env, cwd, timeoutMs = 30_000, killSignal = 'SIGKILL' } = options
  const signal = AbortSignal.any([wholeRun, AbortSignal.timeout(timeoutMs)])
  const child = spawn(command, args, { env, cwd, signal, killSignal })
  const exited = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
  // One that ends without reading its input breaks the pipe; the exit code tells.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  try {
    const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)])
    return { code, stdout, stderr }
  } catch (error) {
    if (signal.aborted) throw new Error(`${command} did not end within ${timeoutMs / 1000} s`)
    throw error
  }
}
