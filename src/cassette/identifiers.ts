import type { HttpRequest, HttpResponse } from '../protocol/http.ts'
import { guidPattern, isPublicHost, isPublicId, userPattern } from '../redact/identifiers.ts'
import { hostsInText, isProse, logonPattern, tellingLocalPart } from '../redact/prose.ts'
import { walkTexts } from '../redact/walk-texts.ts'

const hostOfUrl = /\bhttps?:\/\/([\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*)/giu

/**
 * The user names, hosts and GUIDs of an exchange that name somebody: none of them may be in a cassette. Of a user name also the
 * part before the `@`, where it can be nothing else: `ada.lovelace`, but not `payroll`, which may be the name of a permission.
 */
export function identifiersOf(request: HttpRequest, response?: HttpResponse): ReadonlySet<string> {
  const found = new Set<string>()
  const localPart = (local: string): void => {
    const telling = tellingLocalPart(local)
    if (telling !== undefined) found.add(local.slice(0, telling.length))
  }
  const texts = [request.url, request.body ?? '', ...Object.values(request.headers), response?.body ?? '']
  texts.push(...Object.values(response?.headers ?? {}))
  for (const text of texts) {
    walkTexts(text, (leaf) => {
      for (const [name] of leaf.text.matchAll(userPattern)) {
        found.add(name)
        localPart(name.slice(0, name.lastIndexOf('@')))
      }
      for (const [logon, , local = ''] of leaf.text.matchAll(logonPattern)) {
        found.add(logon)
        localPart(local)
      }
      for (const [, host = ''] of leaf.text.matchAll(hostOfUrl)) if (!isPublicHost(host)) found.add(host)
      for (const host of isProse(leaf) ? hostsInText(leaf.text) : []) found.add(host)
      for (const [id] of leaf.text.matchAll(guidPattern)) if (!isPublicId(id)) found.add(id)
      return leaf.text
    })
  }
  return found
}
