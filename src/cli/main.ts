#!/usr/bin/env node
import { openSync } from 'node:fs'
import { WriteStream } from 'node:tty'
import { type CliIo, Interrupted } from './io.ts'
import { flush, reportError } from './output.ts'
import { run } from './run.ts'

const io: CliIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  stop: new AbortController(),
  // Not before a command asks for it: making the stream changes the mode of a pipe that others may share.
  get stdin() {
    return process.stdin
  },
  openTerminal() {
    try {
      return new WriteStream(openSync('/dev/tty', 'w'))
    } catch {
      return undefined
    }
  },
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // Asked twice: whatever the command still wants to tidy up takes too long.
    if (io.stop.signal.aborted) process.exit(130)
    io.stop.abort(new Interrupted(name))
  })
}
// SIGUSR1 would open Node's inspector, through which any program of the same user could read the password.
if (process.platform !== 'win32') process.on('SIGUSR1', () => {})
// Writing reports its own failures; without a listener the event would end the process, with a stack.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
// Node would print the error with all its members.
process.on('uncaughtException', (error) => process.exit(reportError(io, error)))

run(process.argv.slice(2), io).then(async (code) => {
  await flush(io)
  // Not exitCode alone: nothing that is still open, a terminal or a pipe, may keep the shell waiting.
  process.exit(code)
})
