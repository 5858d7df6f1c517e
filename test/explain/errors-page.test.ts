import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/explain/error-codes.ts'
import { renderErrorsPage } from '../../src/explain/errors-page.ts'
import { anchorOf, type CodeKind } from '../../src/explain/explanation.ts'
import { lookUp, peers, serverCodes } from '../../src/explain/registries.ts'
import { warningCodes } from '../../src/explain/warning-codes.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const page = renderErrorsPage()
const ids = [...page.matchAll(/<a id="([^"]*)">/g)].map(([, id = '']) => id)

describe('docs/errors.md', () => {
  it('is what the source says: if not, run "npm run build && node scripts/errors-page.js"', () => {
    expect(existsSync(new URL('docs/errors.md', root))).toBe(true)
    expect(read('docs/errors.md')).toBe(page)
  })

  it('has an anchor for every code, and no two alike', () => {
    const records = { ...serverCodes, error_code: errorCodes, warning: warningCodes, peer: peers }
    const wanted = Object.entries(records).flatMap(([kind, record]) =>
      Object.keys(record).map((code) => anchorOf(kind as CodeKind, code)),
    )
    expect(ids.toSorted()).toEqual(wanted.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z0-9_-]+$/)
    for (const [kind, record] of Object.entries(records)) {
      for (const code of Object.keys(record)) {
        expect(ids).toContain(lookUp(kind as CodeKind, code)?.anchor.replace('docs/errors.md#', ''))
      }
    }
  })

  it('keeps the anchors that were published: people link to them', () => {
    const published = read('test/explain/anchors.txt').trim().split('\n')
    expect(published.length).toBeGreaterThan(300)
    expect(published.filter((anchor) => !ids.includes(anchor))).toEqual([])
  })

  it('links to places that exist', () => {
    const slugs = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9_ -]/g, '')
        .replaceAll(' ', '-'),
    )
    const targets = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target)
    expect(targets.length).toBeGreaterThan(50)
    expect(targets.filter((target) => target === undefined || ![...ids, ...slugs].includes(target))).toEqual([])
  })

  it('has rows of as many cells as their heads, so that no text breaks a table', () => {
    const tables = page.match(/(?:^\|.*\|\n)+/gm) ?? []
    expect(tables.length).toBeGreaterThan(15)
    for (const rows of tables.map((table) => table.trim().split('\n'))) {
      const [width, ...others] = rows.map((row) => row.split(/(?<!\\)\|/).length)
      expect(new Set(others)).toEqual(new Set([width]))
    }
  })
})
