import { invalid } from './connection-options.ts'

/** Which proxy requests go through. */
export type ProxyRoute =
  | { readonly kind: 'url'; readonly url: string }
  /** Empty means none. NO_PROXY is read at each request. */
  | { readonly kind: 'env'; readonly http: string; readonly https: string }

/**
 * Reads the `proxy` option. The environment is read here, once: lower-case names win, as in curl.
 *
 * @throws `InvalidArgumentError` for a proxy that is not http or https. Its URL is never shown, as it may hold a
 * password.
 */
export function readProxy(proxy: 'env' | string | URL): ProxyRoute {
  if (proxy !== 'env') return { kind: 'url', url: readProxyUrl(String(proxy), 'the option `proxy`') }
  const { env } = process
  const http = env['http_proxy'] ?? env['HTTP_PROXY'] ?? ''
  const https = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? ''
  return {
    kind: 'env',
    http: http === '' ? '' : readProxyUrl(http, 'HTTP_PROXY'),
    https: https === '' ? '' : readProxyUrl(https, 'HTTPS_PROXY'),
  }
}

function readProxyUrl(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw invalid(
      `${source} is not an http or https URL`,
      'Write it as http://host:port. SOCKS proxies are not supported.',
    )
  }
  try {
    decodeURIComponent(url.username)
    decodeURIComponent(url.password)
  } catch {
    throw invalid(`the user name or password in ${source} is not percent-encoded`, 'Write "%" as "%25".')
  }
  return url.href
}
