import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CompletedCommand, completionScript, type Shell, shells } from '../../src/cli/completion.ts'
import { createFolder, ropc } from './test-io.ts'

const folder = createFolder()
const scripts = new Map<Shell, string>()
const files = new Map<Shell, string>()

beforeAll(async () => {
  for (const shell of shells) {
    const { code, stdout, stderr } = await ropc(['completion', shell])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    scripts.set(shell, stdout)
    files.set(shell, folder.file(`ropc.${shell}`, stdout))
  }
})

afterAll(() => folder.remove())

function shellRuns(shell: string): boolean {
  return spawnSync(shell, ['-c', ':']).status === 0
}

const script = (shell: Shell): string => scripts.get(shell) ?? ''

/** What bash offers for the last word of a line, as readline splits it. */
function offers(...words: readonly string[]): readonly string[] {
  const code = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _ropc; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync(
    'bash',
    ['--norc', '-u', '-c', code, 'bash', files.get('bash') ?? '', ...words],
    {
      encoding: 'utf8',
    },
  )
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.split('\n').filter((line) => line !== '')
}

describe.each(shells)('the script for %s', (shell) => {
  it.skipIf(!shellRuns(shell))('is one that the shell accepts', () => {
    const { status, stderr } = spawnSync(shell, ['-n', files.get(shell) ?? ''], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it('knows every command, options that come from their tables, and the values of an option', () => {
    for (const name of ['token', 'mex', 'simulate', 'completion']) expect(script(shell)).toContain(name)
    for (const name of ['applies-to', 'device-code', 'password-stdin', 'port', 'remove']) {
      expect(script(shell)).toContain(name)
    }
    expect(script(shell)).toContain('share team raw')
  })

  it('is of printable ASCII and quotation marks alone, so nothing in it is obeyed', () => {
    expect(script(shell)).toMatch(/^[ -~\n’]+$/)
  })
})

describe.skipIf(!shellRuns('bash'))('bash', () => {
  it('offers commands', () => {
    expect(offers('ropc', 'd')).toEqual(['decode', 'doctor', 'diff', 'demo'])
    expect(offers('ropc', '')).toContain('token')
    expect(offers('ropc', '--v')).toEqual(['--version'])
  })

  it('offers the options of the command', () => {
    expect(offers('ropc', 'token', '--pass')).toEqual(['--password-stdin', '--password-file', '--password-env'])
    expect(offers('ropc', 'simulate', '--po')).toEqual(['--port'])
    expect(offers('ropc', 'explain', 'a.har', '--t')).toEqual(['--trace', '--trace-level'])
    expect(offers('ropc', 'demo', '')).toEqual(['--help', '-h'])
    expect(offers('ropc', 'token', '--json', '-u', 'a@b.example', '--tr')).toEqual(['--trace', '--trace-level'])
  })

  it('offers the values of an option, however they are attached', () => {
    expect(offers('ropc', 'token', '--trace-level', '')).toEqual(['share', 'team', 'raw'])
    expect(offers('ropc', 'explain', 'x.har', '--trace-level', 's')).toEqual(['share'])
    expect(offers('ropc', 'token', '--trace-level', '=')).toEqual(['share', 'team', 'raw'])
    expect(offers('ropc', 'token', '--trace-level', '=', 'te')).toEqual(['team'])
    expect(offers('ropc', 'completion', 'z')).toEqual(['zsh'])
  })

  it('offers nothing of its own, so files, where a value or an argument may be anything', () => {
    for (const words of [['token', '--ca'], ['token', '-u'], ['diff'], ['explain', 'a.har']]) {
      expect(offers('ropc', ...words, '')).toEqual([])
    }
    expect(script('bash')).toMatch(/^complete -o default -F _ropc ropc$/m)
  })
})

describe.skipIf(!shellRuns('fish'))('fish', () => {
  it.each([
    ['ropc di', ['diff']],
    ['ropc token --trace-level ', ['raw', 'share', 'team']],
    ['ropc completion ', ['bash', 'fish', 'zsh']],
    ['ropc token --password-f', ['--password-file']],
  ])('completes “%s”', (line, expected) => {
    const code = 'source $argv[1]; complete -C $argv[2]'
    const { stdout } = spawnSync(shells[2], ['--no-config', '-c', code, files.get('fish') ?? '', line], {
      encoding: 'utf8',
    })
    const found = stdout.split('\n').flatMap((text) => (text === '' ? [] : [text.split('\t')[0] ?? '']))
    expect(found.toSorted()).toEqual(expected)
  })
})

describe('a description from somebody else’s hand', () => {
  const does = `it's $(touch pwned) \`touch pwned\` [a] \\ "b": c`
  const hostile: CompletedCommand = {
    name: 'token',
    does,
    options: { level: { type: 'string', values: ['a', 'b'] }, scope: { type: 'string', short: 's', multiple: true } },
    positionals: 'refused',
    descriptions: new Map([
      ['level', does],
      ['scope', does],
    ]),
  }

  it.each(shells.filter(shellRuns))('is obeyed by %s in no case', (shell) => {
    const path = join(folder.file(`hostile.${shell}`, completionScript(shell, [hostile])))
    const run = shell === 'zsh' ? `compdef() { : }; source ${path}` : `source ${path}`
    const flags = shell === 'zsh' ? ['-f'] : []
    const { status, stderr } = spawnSync(shell, [...flags, '-c', run], { encoding: 'utf8', cwd: join(path, '..') })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    // Nothing was there, so it can be made.
    writeFileSync(join(path, '..', 'pwned'), '', { flag: 'wx' })
    rmSync(join(path, '..', 'pwned'))
  })
})

describe('ropc completion', () => {
  it.each([[[]], [['tcsh']], [['bash', 'zsh']]])('refuses %j', async (argv) => {
    const { code, stdout, stderr } = await ropc(['completion', ...argv])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('bash, zsh, fish')
    expect(stderr).not.toContain('tcsh')
  })
})
