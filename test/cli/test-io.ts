import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import type { CliIo } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'

/** A stream that remembers. */
export class Sink extends Writable {
  text = ''
  isTTY = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8')
    done()
  }
}

/** A terminal's input: remembers every change of mode. */
export class FakeTerminal extends PassThrough {
  readonly isTTY = true
  readonly modes: boolean[] = []

  setRawMode(mode: boolean): this {
    this.modes.push(mode)
    return this
  }
}

export interface TestIo extends CliIo {
  readonly stdout: Sink
  readonly stderr: Sink
}

export function createTestIo(parts: Partial<CliIo> = {}): TestIo {
  const stderr = new Sink()
  stderr.isTTY = true
  return {
    stdin: Object.assign(new PassThrough(), { isTTY: false }),
    stdout: new Sink(),
    stderr,
    env: {},
    stop: new AbortController(),
    ...parts,
  } as TestIo
}

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line to its end. */
export async function ropc(argv: readonly string[], io: TestIo = createTestIo()): Promise<Outcome> {
  const code = await run(argv, io)
  return { code, stdout: io.stdout.text, stderr: io.stderr.text }
}

/** Input that ends. */
export function piped(...chunks: readonly (string | Buffer)[]): CliIo['stdin'] {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  return stream
}

/** A folder for one test file, and the way to be rid of it. */
export function createFolder(): {
  file(name: string, content: string | Buffer, mode?: number): string
  remove(): void
} {
  const folder = mkdtempSync(join(tmpdir(), 'ropc-cli-test-'))
  return {
    file(name, content, mode = 0o600) {
      const path = join(folder, name)
      writeFileSync(path, content, { mode })
      return path
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
