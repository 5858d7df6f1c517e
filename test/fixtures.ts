import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../fixtures/', import.meta.url)

/** One row of `fixtures/index.json`: what the file must parse to, or the error it must end in. */
export interface FixtureRow {
  readonly file: string
  readonly expect: Readonly<Record<string, unknown>>
  /** The clause of a standard that the file shows. */
  readonly clause: string
  /** HTTP status the answer came with, where it is not 200. */
  readonly status?: number
  /** WS-Trust version that was asked, where it is not 1.3. */
  readonly version?: string
}

/** A fixture as the transport would hand it over: decoded as UTF-8, a byte order mark still in front. */
export function fixture(path: string): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(new URL(path, folder)))
}

/** The rows of `fixtures/index.json`, or those of one folder. */
export function fixtureIndex(under = ''): readonly FixtureRow[] {
  const rows = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as FixtureRow[]
  return rows.filter(({ file }) => file.startsWith(under === '' ? '' : `${under}/`))
}

/** Every file below `fixtures/`, as `folder/name`. */
export function fixtureFiles(): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      `${entry.parentPath}/${entry.name}`.slice(decodeURIComponent(folder.pathname).length).replace(/^\//, ''),
    )
    .filter((file) => file !== 'README.md' && file !== 'index.json')
    .sort()
}
