import { describe, expect, it } from 'vitest'
import { createRequest, encodeForm, type HttpResponse } from '../../src/protocol/http.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { redactRequest, redactResponse } from '../../src/redact/redact-message.ts'
import { buildSecurityTokenRequest } from '../../src/wstrust/security-token-request.ts'
import { findLeaks, marks, secrecyContract } from '../contract/secrecy.ts'
import { fixture } from '../fixtures.ts'

const xml = (text: string): string => text.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
const xmlSafe = (secret: string): string =>
  secret.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')

/** The ways in which a server may write what it was sent. */
const spellings: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  percent: (secret) => encodeURIComponent(secret),
  'percent, lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  form: (secret) => new URLSearchParams({ secret }).toString(),
  'percent twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'percent, every byte': (secret) => Buffer.from(secret).toString('hex').replace(/../g, '%$&'),
  xml,
  'xml, every letter': (secret) => secret.replace(/./gsu, (c) => `&#x${c.codePointAt(0)?.toString(16)};`),
  json: (secret) => JSON.stringify(secret),
  'json, every letter': (secret) =>
    secret.replace(/./gsu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 of more': (secret) => Buffer.from(`id:${secret}!`).toString('base64'),
  'base64 of its form': (secret) => Buffer.from(`u:${encodeURIComponent(secret)}`).toString('base64'),
  'base64 of JSON': (secret) => Buffer.from(JSON.stringify({ secret })).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'hex of UTF-16': (secret) => Buffer.from(secret, 'utf16le').toString('hex'),
  'base64 of UTF-16': (secret) => Buffer.from(secret, 'utf16le').toString('base64'),
  backwards: (secret) => [...secret].reverse().join(''),
}

const json = { 'content-type': 'application/json' }
const soap = { 'content-type': 'application/soap+xml' }
const jwtOf = (claims: object): string =>
  [{ alg: 'RS256', kid: 'k' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')

/** Places of an answer that a text can be put in. */
const places: Readonly<Record<string, (text: string) => HttpResponse>> = {
  description: (text) => ({
    status: 400,
    headers: json,
    body: JSON.stringify({ error: 'invalid_grant', error_description: `AADSTS50126: ${text}` }),
  }),
  'every member that is kept': (text) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({
      issuer: text,
      domain_name: text,
      scope: text,
      trace_id: text,
      suberror: text,
      keys: [{ kid: text }],
      claims: JSON.stringify({ a: text }),
      verification_uri: `https://idp.example/${text}`,
      message: text,
      aliases: [text, { x: text }],
      error_codes: [text],
    }),
  }),
  'a member nobody knows': (text) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({ echo: text, deep: { list: [text] } }),
  }),
  'the name of a member': (text) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({ [text]: 1, metadata: { [text]: text } }),
  }),
  'the tokens': (text) => ({
    status: 200,
    headers: json,
    body: JSON.stringify({
      access_token: text,
      refresh_token: text,
      id_token: `${jwtOf({ sub: text, name: text, odd: text, [text]: 1 })}.${text}`,
      client_info: Buffer.from(JSON.stringify({ uid: text, utid: text })).toString('base64url'),
    }),
  }),
  headers: (text) => ({
    status: 400,
    headers: {
      ...json,
      'x-ms-request-id': encodeURI(text),
      location: `https://idp.example/${encodeURI(text)}?x=${encodeURI(text)}`,
      'www-authenticate': `Bearer realm="${encodeURI(text)}"`,
      'set-cookie': `a=${encodeURI(text)}`,
      server: encodeURI(text),
      via: encodeURI(text),
      'x-odd': encodeURI(text),
      [`x-${encodeURI(text)}`.slice(0, 60)]: '1',
    },
    body: '{}',
  }),
  page: (text) => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<html><title>${xml(text)}</title><p>${text}</p></html>`,
  }),
  text: (text) => ({ status: 200, headers: { 'content-type': `text/${encodeURI(text)}` }, body: text }),
  'a form': (text) => ({
    status: 200,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `scope=${encodeURIComponent(text)}&odd=${encodeURIComponent(text)}&${encodeURIComponent(text)}=1`,
  }),
  fault: (text) => ({
    status: 500,
    headers: soap,
    body: fixture('faults/wrong-password-13.xml').replace(/ID3242[^<]*/, () => `ID3242: ${xml(xmlSafe(text))}`),
  }),
  'everywhere in a SOAP message': (text) => {
    const escaped = xml(xmlSafe(text))
    const name = `x${text.replace(/[^a-z0-9]/gi, '')}`
    return {
      status: 200,
      headers: soap,
      body: fixture('rstr/13-saml20.xml')
        .replace(
          '<Issuer>',
          () =>
            `<!-- ${escaped.replaceAll('-', '')} --><odd xmlns="urn:${name}" ${name}="${escaped}" Name="${escaped}">${escaped}</odd><Issuer>`,
        )
        .replace('urn:federation:MicrosoftOnline', () => escaped)
        .replace(/<ds:SignatureValue>/, () => `<ds:SignatureValue>${escaped}`),
    }
  },
}

describe('a redacted answer', () => {
  for (const [place, answer] of Object.entries(places)) {
    secrecyContract(
      `whose server repeats the password, in any spelling: ${place}`,
      (secrets) =>
        secrets
          .flatMap((secret) =>
            Object.values(spellings).map((spell) => {
              const { body, secrets: own } = encodeForm([['password', new Secret(secret)]])
              const request = createRequest({
                step: place.includes('SOAP') || place === 'fault' ? 'wstrust' : 'token',
                method: 'POST',
                url: 'https://idp.example/token',
                headers: {},
                body,
                secrets: own,
              })
              return JSON.stringify(redactResponse(answer(spell(secret)), request))
            }),
          )
          .join('\n'),
      { runs: 2, secretsPerRun: 3 },
    )
  }
})

it.each(['<', '<a>', '<s:', '</', '<!', ''])('a part of a password that begins with %j is no less secret', (start) => {
  const password = `${start}${marks[0]}?${marks[1]}#${marks[2]}`
  const { body, secrets } = encodeForm([['password', new Secret(password)]])
  const url = 'https://idp.example/token'
  const request = createRequest({ step: 'token', method: 'POST', url, headers: {}, body, secrets })
  const answer = { verification_uri: `https://idp.example/${password}`, error_description: marks[1] }
  const redacted = redactResponse({ status: 200, headers: json, body: JSON.stringify(answer) }, request)
  expect(findLeaks(redacted.body)).toEqual([])
})

describe('a redacted request', () => {
  secrecyContract(
    'with secrets in its form, its headers and its query',
    (secrets) =>
      secrets
        .map((secret) => {
          const { body, secrets: own } = encodeForm([
            ['grant_type', 'password'],
            ['username', 'ada@contoso.example'],
            ['password', new Secret(secret)],
            ['client_secret', new Secret(secret)],
            ['odd', secret],
          ])
          const headers = {
            'content-type': 'application/x-www-form-urlencoded',
            authorization: `Basic ${Buffer.from(`id:${secret}`).toString('base64')}`,
            cookie: `a=${encodeURIComponent(secret)}`,
            'x-odd': encodeURIComponent(secret),
          }
          const url = `https://user:${encodeURIComponent(secret)}@idp.example/token?password=${encodeURIComponent(secret)}&scope=a#${encodeURIComponent(secret)}`
          const parts = { step: 'token', method: 'POST', url, headers, body } as const
          // With and without being told what is secret: a recording of others comes without.
          return JSON.stringify([redactRequest(createRequest({ ...parts, secrets: own })), redactRequest(parts)])
        })
        .join('\n'),
    { runs: 5, secretsPerRun: 10 },
  )

  secrecyContract(
    'for a security token',
    (secrets) =>
      secrets
        .map((secret) => {
          const password = xmlSafe(secret)
          const request = buildSecurityTokenRequest(
            {
              endpoint: { version: '1.3', url: 'https://sts.contoso.example/13' },
              username: 'ada',
              password: new Secret(password),
              appliesTo: 'urn:x',
            },
            1_795_375_600,
            '00000000-0000-4000-8000-000000000001',
          )
          const { step, method, url, headers, body = '' } = request
          return JSON.stringify([redactRequest(request), redactRequest({ step, method, url, headers, body })])
        })
        .join('\n'),
    { runs: 5, secretsPerRun: 10 },
  )
})
