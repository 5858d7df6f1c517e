import { oneLine } from '../../errors.ts'
import type { JsonObject } from '../../protocol/json.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { explainField } from '../../trace/messages.ts'
import { indent, table, wrap } from '../../trace/views/layout.ts'
import { type Page, paintAll, title } from '../../trace/views/page.ts'
import { renderAssertion } from './assertion-report.ts'
import { explainClaim } from './claims.ts'
import type { DecodeResult } from './decode.ts'
import type { Decoded, DecodedJwt, DecodedMessage } from './decoded.ts'
import { distanceInWords, readEpochSeconds, showInstantFrom } from './instants.ts'

/** What was decoded, as lines for people. Every text of a peer's is shown escaped. */
export function renderDecoded(page: Page, { wrappings, decoded }: DecodeResult, at: EpochSeconds): readonly string[] {
  const inside = wrappings.length === 0 ? '' : ` (inside ${wrappings.join(', ')})`
  return renderPart(page, decoded, `${titles[decoded.kind]}${inside}`, at)
}

const titles: Readonly<Record<Decoded['kind'], string>> = {
  jwt: 'JWT',
  saml_assertion: 'SAML assertion',
  client_info: 'client_info',
  token_response: 'Token response',
  oauth_error: 'OAuth error',
  security_token_response: 'WS-Trust answer (RequestSecurityTokenResponse)',
  soap_fault: 'SOAP fault',
  encrypted_assertion: 'Encrypted SAML assertion',
}

function renderPart(page: Page, decoded: Decoded, head: string, at: EpochSeconds): readonly string[] {
  return [...title(page, head, '='), ...bodyLines(page, decoded, at)]
}

function bodyLines(page: Page, decoded: Decoded, at: EpochSeconds): readonly string[] {
  switch (decoded.kind) {
    case 'jwt':
      return jwtLines(page, decoded, at)
    case 'saml_assertion':
      return renderAssertion(page, decoded, at)
    case 'client_info': {
      const { uid, utid, homeAccountId } = decoded
      const rows = [
        ['uid', oneLine(uid, 200), 'The object id of the user in the home tenant.'],
        ['utid', oneLine(utid, 200), 'The id of the home tenant.'],
        ['homeAccountId', oneLine(homeAccountId, 400), 'The key of the user in token caches.'],
      ]
      return [...indent(table(rows, [20, 38], page.width - 2), 2), ...notVerified(page)]
    }
    default:
      return messageLines(page, decoded, at)
  }
}

function jwtLines(page: Page, { signature, header, claims }: DecodedJwt, at: EpochSeconds): readonly string[] {
  const verdicts: Readonly<Record<DecodedJwt['signature'], string>> = {
    'not verified': 'Signature not verified: anybody could have written this.',
    none: 'It has NO signature: anybody could have written this.',
    encrypted: 'It is encrypted: only its recipient can read the claims.',
  }
  const isOff = signature === 'none'
  return [
    ...paintAll(page, isOff ? 'red' : 'yellow', wrap(verdicts[signature], page.width)),
    ...validityLines(page, claims, at),
    ...paintAll(page, 'bold', ['header']),
    ...memberLines(page, header, explainClaim, at),
    ...(signature === 'encrypted'
      ? []
      : [...paintAll(page, 'bold', ['claims']), ...memberLines(page, claims, explainClaim, at)]),
  ]
}

function validityLines(page: Page, { exp, nbf }: JsonObject, at: EpochSeconds): readonly string[] {
  const [end, begin] = [readEpochSeconds(exp), readEpochSeconds(nbf)]
  if (begin !== undefined && at < begin) {
    return paintAll(page, 'red', wrap(`Not yet valid: it counts ${distanceInWords(begin, at)}.`, page.width))
  }
  if (end === undefined) return wrap('It names no end of its validity.', page.width)
  const isOver = end <= at
  const text = `${isOver ? 'Expired' : 'Expires'} ${distanceInWords(end, at)}, by the clock of this machine.`
  return paintAll(page, isOver ? 'red' : 'plain', wrap(text, page.width))
}

function messageLines(page: Page, { kind, members, parts }: DecodedMessage, at: EpochSeconds): readonly string[] {
  const step = kind === 'token_response' || kind === 'oauth_error' ? 'token' : 'wstrust'
  const numbers = Array.isArray(members['error_codes']) ? (members['error_codes'] as unknown[]) : []
  const code = numbers.length > 0 ? `AADSTS${String(numbers[0])}` : (members['idCode'] ?? members['error'])
  const advice =
    typeof code === 'string' && /^\w{2,64}$/.test(code) ? wrap(`ropc explain ${code} says more.`, page.width) : []
  const sealed =
    kind === 'encrypted_assertion'
      ? wrap('It is encrypted: only its recipient can read it, and Entra cannot. Nothing else can be told.', page.width)
      : []
  return [
    ...sealed,
    ...memberLines(page, members, (name) => explainField(step, name), at),
    ...advice,
    ...Object.entries(parts).flatMap(([name, part]) => [
      '',
      ...renderPart(page, part, name === part.kind ? name : `${oneLine(name, 100)}: ${titles[part.kind]}`, at),
    ]),
    ...(Object.keys(parts).length === 0 && sealed.length === 0 ? notVerified(page) : []),
  ]
}

/** Members that are shown; no message of a server has as many. */
const most = 200
const instants = new Set(['exp', 'iat', 'nbf', 'auth_time', 'expires_on', 'not_before'])

function memberLines(
  page: Page,
  members: JsonObject,
  why: (name: string) => string | undefined,
  at: EpochSeconds,
): readonly string[] {
  const entries = Object.entries(members)
  const more = entries.length > most ? [['…', `and ${entries.length - most} more`, '']] : []
  const rows = entries.slice(0, most).map(([name, value]) => {
    const instant = instants.has(name) ? readEpochSeconds(value) : undefined
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const shown = instant === undefined ? text : `${text} (${showInstantFrom(at, instant)})`
    return [oneLine(name, 100), oneLine(shown, 1_000), why(name) ?? '']
  })
  const all = [...rows, ...more]
  const isExplained = all.some(([, , text]) => text !== '')
  if (isExplained) return indent(table(all, [20, 38], page.width - 2), 2)
  return indent(
    table(
      all.map((row) => row.slice(0, 2)),
      [20],
      page.width - 2,
    ),
    2,
  )
}

function notVerified(page: Page): readonly string[] {
  return indent(wrap('Nothing of it was verified.', page.width - 2), 2)
}
