import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from './report.js'

/** Fails unless just these grants were asked for. */
export function expectGrants({ grants }, types, when = '') {
  const [asked, expected] = [grants.map(({ type }) => type), types].map((list) => list.join(' ') || 'none')
  expect(asked === expected, `token requests${when}: ${asked}, expected: ${expected}`)
}

/** Makes every access token of a file one that has just expired; not one of another type, at which MSAL Python would fail. */
export function expire(file) {
  const now = String(Math.floor(Date.now() / 1000) - 10)
  edit(file, ({ AccessToken }) => {
    for (const token of Object.values(AccessToken).filter(({ credential_type: type }) => type === 'AccessToken')) {
      Object.assign(token, { expires_on: now, extended_expires_on: now })
      delete token.refresh_on
    }
  })
}

export function edit(file, change) {
  const cache = JSON.parse(readFileSync(file, 'utf8'))
  change(cache)
  writeFileSync(file, JSON.stringify(cache), { mode: 0o600 })
}

/** The sections of a file, with their entries. */
export const sections = (file) => Object.entries(JSON.parse(readFileSync(file, 'utf8')))
