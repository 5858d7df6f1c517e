import { createRequire } from 'node:module'
import { UnsupportedError } from '../errors.ts'
import type { DomParserConstructor } from './xml.ts'

/** What the simulator borrows and the client never loads: optional peer dependencies. */
export interface Libraries {
  readonly xmlCrypto: typeof import('xml-crypto')
  readonly x509: typeof import('@peculiar/x509')
  readonly DOMParser: DomParserConstructor
}

const installLine = 'npm install xml-crypto@6 @peculiar/x509@2 reflect-metadata@0.2'

/**
 * Loads one optional peer dependency.
 *
 * @throws {@link UnsupportedError} `ERR_MISSING_DEPENDENCY` when it is not installed; any other failure as it is.
 */
export async function loadPeer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new UnsupportedError('ERR_MISSING_DEPENDENCY', `the simulator needs ${name}, which is not installed`, {
      step: 'authority',
      hint: installLine,
    })
  }
}

/** Loads all of them. `reflect-metadata` goes first: `@peculiar/x509` registers itself with it while it is loaded. */
export async function loadLibraries(): Promise<Libraries> {
  await loadPeer('reflect-metadata', () => import('reflect-metadata'))
  const x509 = await loadPeer('@peculiar/x509', () => import('@peculiar/x509'))
  const xmlCrypto = await loadPeer('xml-crypto', () => import('xml-crypto'))
  const DOMParser = await loadPeer('xml-crypto', async () => domParserOfXmlCrypto())
  return { xmlCrypto, x509, DOMParser }
}

/**
 * Resolves xmldom from xml-crypto's own place: messages are then read by the very parser that signatures are checked
 * with, and xmldom stays the dependency of xml-crypto instead of becoming one of ours that nobody declared.
 */
function domParserOfXmlCrypto(): DomParserConstructor {
  const ours = createRequire(import.meta.url)
  const theirs = createRequire(ours.resolve('xml-crypto'))
  return (theirs('@xmldom/xmldom') as { DOMParser: DomParserConstructor }).DOMParser
}
