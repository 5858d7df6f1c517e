import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import { guidPattern, isPublicHost, isPublicId, userPattern } from '../redact/identifiers.ts'
import { walkTexts } from '../redact/walk-texts.ts'

const hostOfUrl = /\bhttps?:\/\/([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+)/giu

/** The user names, hosts and GUIDs of an exchange that name somebody: none of them may be in a cassette. */
export function identifiersOf(request: HttpRequest, response?: HttpResponse): ReadonlySet<string> {
  const found = new Set<string>()
  const learn = (text: string): string => {
    for (const [name] of text.matchAll(userPattern)) found.add(name)
    for (const [, host = ''] of text.matchAll(hostOfUrl)) if (!isPublicHost(host)) found.add(host)
    for (const [id] of text.matchAll(guidPattern)) if (!isPublicId(id)) found.add(id)
    return text
  }
  const texts = [request.url, request.body ?? '', ...Object.values(request.headers), response?.body ?? '']
  for (const text of texts) walkTexts(text, ({ text: leaf }) => learn(leaf))
  return found
}
