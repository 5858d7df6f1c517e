import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The process groups still running, by their leader's pid. */
const running = new Set()
// Whatever ends the run, no server outlives it.
process.once('exit', () => {
  for (const pid of running) signalGroup(pid, 'SIGKILL')
})
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
]) {
  process.once(signal, () => process.exit(128 + number))
}

/** A port of loopback that nobody listens on at this moment. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve, reject) => {
    probe.once('listening', resolve)
    probe.once('error', reject)
  })
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/**
 * Starts a server in a process group of its own, as some have workers, and waits until it is ready.
 *
 * @param input What it reads on stdin: secrets go there, as `ps` shows arguments.
 * @param isReady Asked again and again; it may reject as long as the server does not listen.
 * @param folder For its output, of which the last line tells why a start failed.
 * @returns `{ pid, stop }`; `stop()` resolves when the process has ended.
 */
export async function startServer({ name, command, args, input = '', env = {}, cwd, folder, isReady, timeoutMs }) {
  const logFile = join(folder, `${name}.log`)
  const log = openSync(logFile, 'w')
  const { PATH } = process.env
  const child = spawn(command, args, {
    cwd,
    detached: true,
    env: { PATH, LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  const ended = new Promise((resolve) => {
    child.once('error', resolve)
    child.once('close', (code) => resolve(new Error(`${name} ended with ${code}: ${lastLine(logFile)}`)))
  })
  if (child.pid !== undefined) running.add(child.pid)
  child.stdin.on('error', () => {})
  child.stdin.end(input)

  const stop = () => stopGroup(child.pid, ended)
  try {
    await untilReady(isReady, ended, timeoutMs, () => lastLine(logFile))
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid, stop }
}

async function untilReady(isReady, ended, timeoutMs, lastWords) {
  const deadline = performance.now() + timeoutMs
  const end = ended.then((error) => ({ error }))
  while (performance.now() < deadline) {
    const state = await Promise.race([isReady().catch(() => false), end])
    if (state?.error !== undefined) throw state.error
    if (state === true) return
    await sleep(50)
  }
  throw new Error(`not ready within ${timeoutMs / 1000} s: ${lastWords()}`)
}

/** Whether this URL answers 200, for `isReady`. */
export async function answers(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
  await response.arrayBuffer()
  return response.status === 200
}

async function stopGroup(pid, ended) {
  if (pid === undefined || !running.has(pid)) return
  signalGroup(pid, 'SIGTERM')
  await Promise.race([ended, sleep(8_000, undefined, { ref: false })])
  signalGroup(pid, 'SIGKILL')
  await ended
  running.delete(pid)
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch {
    // The whole group has ended already.
  }
}

const lastLine = (file) => readFileSync(file, 'utf8').trim().split('\n').at(-1).slice(0, 200)
