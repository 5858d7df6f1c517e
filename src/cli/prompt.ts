import { StringDecoder } from 'node:string_decoder'
import { Secret } from '../protocol/secret.ts'
import { type CliIo, Interrupted } from './io.ts'

/**
 * Asks for a password at the terminal without showing what is typed, not even its length. The question goes to stderr,
 * or to the terminal itself where stderr is redirected; never to stdout, which is the token's.
 *
 * Raw mode keeps the echo off, and takes Ctrl-C away from the terminal: it comes as a character, and aborts `io.stop`.
 * However the question ends, the terminal is as it was before.
 *
 * @param question Shown as it is: what comes from elsewhere must have been through `display`.
 * @throws {@link Interrupted} on Ctrl-C, on Ctrl-D at the beginning, and when the terminal goes away; the reason of
 *   `signal` when that aborts.
 */
export async function promptHidden(io: CliIo, question: string, signal: AbortSignal): Promise<Secret> {
  signal.throwIfAborted()
  const { stdin } = io
  const screen = (io.stderr.isTTY === true ? undefined : io.openTerminal?.()) ?? io.stderr
  // Before the question: whoever types ahead of it must not see the password either.
  stdin.setRawMode?.(true)
  try {
    screen.write(question)
    return new Secret(await readHiddenLine(io, signal))
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    // The terminal has not shown the user's Enter.
    screen.write('\n')
    if (screen !== io.stderr) screen.end()
  }
}

function readHiddenLine({ stdin, stop }: CliIo, signal: AbortSignal): Promise<string> {
  const line = new HiddenLine()
  return new Promise<string>((resolve, reject) => {
    const finish = (settle: () => void): void => {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const onEnd = (): void => finish(() => reject(new Interrupted('end of input')))
    const onAbort = (): void => finish(() => reject(signal.reason))
    const onData = (chunk: Buffer): void => {
      const state = line.accept(chunk)
      if (state === 'done') finish(() => resolve(line.text))
      if (state === 'cancelled') onEnd()
      if (state === 'interrupted') {
        const reason = new Interrupted('SIGINT')
        finish(() => reject(reason))
        stop.abort(reason)
      }
    }
    stdin.on('data', onData).on('end', onEnd).on('error', onEnd)
    signal.addEventListener('abort', onAbort, { once: true })
    stdin.resume()
  })
}

/** What the keys of arrows, function keys and Alt send. A password cannot hold them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one
const keySequence = /\u001b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[ -~])?/g

/** A line as it is typed in raw mode: every key is a character, also those that edit. */
class HiddenLine {
  readonly #decoder = new StringDecoder('utf8')
  #characters: string[] = []

  get text(): string {
    return this.#characters.join('')
  }

  accept(chunk: Buffer): 'open' | 'done' | 'cancelled' | 'interrupted' {
    for (const character of this.#decoder.write(chunk).replace(keySequence, '')) {
      if (character === '\r' || character === '\n') return 'done'
      if (character === '\u0003') return 'interrupted'
      // Ctrl-D ends an empty line, as it does for a shell; later it does nothing.
      if (character === '\u0004' && this.#characters.length === 0) return 'cancelled'
      if (character === '\u007f' || character === '\b') this.#characters.pop()
      else if (character === '\u0015') this.#characters = []
      else if (character >= ' ' || character === '\t') this.#characters.push(character)
    }
    return 'open'
  }
}
