import { accessSync, constants } from 'node:fs'
import { type Check, pass, warn } from './check.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The proxy that requests go through. */
export interface ProxyInUse {
  readonly hostname: string
  readonly port: number
  /** Whether requests to this host go past it (NO_PROXY). */
  bypasses(hostname: string, port: number): boolean
}

const variables = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY'] as const
const ignored = ['all_proxy', 'ALL_PROXY'] as const

/**
 * Finds the proxy as the client would: `--proxy URL`, or with `--proxy env` HTTPS_PROXY, else HTTP_PROXY, lower case
 * first; of NO_PROXY exact hosts, domains, `host:port` and `*`.
 */
export function findProxy(option: string | undefined, env: Environment): ProxyInUse | undefined {
  if (option === undefined) return undefined
  const fromEnvironment =
    (env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '') || (env['http_proxy'] ?? env['HTTP_PROXY'] ?? '')
  const text = option === 'env' ? fromEnvironment : option
  if (!URL.canParse(text)) return undefined
  const { hostname, port, protocol } = new URL(text)
  const noProxy = option === 'env' ? (env['no_proxy'] ?? env['NO_PROXY'] ?? '') : ''
  return {
    hostname,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    bypasses: (host, hostPort) => isExempt(noProxy, host, hostPort),
  }
}

/** NO_PROXY as undici reads it, whose word counts. */
function isExempt(noProxy: string, hostname: string, port: number): boolean {
  if (noProxy === '*') return true
  const host = hostname.toLowerCase()
  return noProxy.split(/[,\s]/).some((entry) => {
    const [, name = entry, onlyPort] = /^(.+):(\d+)$/.exec(entry) ?? []
    const domain = name.replace(/^\*?\./, '').toLowerCase()
    if (entry === '' || (onlyPort !== undefined && Number(onlyPort) !== port)) return false
    return host === domain || host.endsWith(`.${domain}`)
  })
}

/** Shows a proxy's URL without the user name and the password in it; of what cannot be told apart nothing is shown. */
export function showProxy(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // A password with "/", "?" or "#" in it moves a part of itself to where the host or the path would be.
  const plain = url !== undefined && /^\/?$/.test(url.pathname) && url.search === '' && url.hash === ''
  if (!plain || url.host === '' || !/^(https?|socks\w*):$/.test(url.protocol)) return 'not shown: no plain proxy URL'
  const named = url.username !== '' || url.password !== ''
  return `${url.protocol}//${url.host}${named ? ' with a user name' : ''}`
}

function showHosts(list: string): string {
  return /@|:\/\//.test(list) ? 'not shown: no list of hosts' : list
}

/** What the environment says about proxies and TLS, and what the client makes of it. */
export function judgeEnvironment(option: string | undefined, env: Environment, hasCa: boolean): readonly Check[] {
  return [judgeProxy(option, env), ...judgeExtraCas(env, hasCa), ...judgeUnverified(env)]
}

function judgeProxy(option: string | undefined, env: Environment): Check {
  const seen = variables.filter((name) => (env[name] ?? '') !== '')
  const unused = ignored.filter((name) => (env[name] ?? '') !== '')
  const children = [
    ...seen.map((name) => variable(name, env, option === 'env')),
    ...unused.map((name) => {
      const hint = 'The client does not read this variable: set HTTPS_PROXY, or pass --proxy URL.'
      return warn(`proxy.${name}`, name, `${showProxy(env[name] ?? '')}; ignored`, hint)
    }),
  ]
  const named = seen.filter((name) => !/^no_proxy$/i.test(name))
  if (option === undefined) {
    if (named.length === 0 && unused.length === 0) return pass('proxy', 'proxy', 'none', children)
    const hint = 'Other programs here use a proxy. If the checks below fail, pass --proxy env.'
    return warn('proxy', 'proxy', 'none: what the environment names is used with --proxy env only', hint, children)
  }
  if (option !== 'env') return pass('proxy', 'proxy', `${showProxy(option)}, for every request`, children)
  if (named.length === 0) {
    return warn('proxy', 'proxy', 'none', '--proxy env finds no HTTPS_PROXY or HTTP_PROXY to use.', children)
  }
  const https = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? ''
  const http = env['http_proxy'] ?? env['HTTP_PROXY'] ?? ''
  const used = https === '' ? `${showProxy(http)}, of HTTP_PROXY, as there is no HTTPS_PROXY` : showProxy(https)
  return pass('proxy', 'proxy', used, children)
}

/** Whether a variable counts, or is hidden by the same one in lower case. */
function effective(name: string, env: Environment): boolean {
  return name === name.toLowerCase() || env[name.toLowerCase()] === undefined
}

function variable(name: string, env: Environment, used: boolean): Check {
  const value = env[name] ?? ''
  const shown = /^no_proxy$/i.test(name) ? showHosts(value) : showProxy(value)
  const hidden = effective(name, env) ? '' : `; ${name.toLowerCase()} counts in its place`
  const detail = `${shown}${hidden}${used ? '' : '; not used'}`
  if (used && /^no_proxy$/i.test(name) && value.includes('/')) {
    const hint = 'Address ranges (10.0.0.0/8) are not understood: name hosts or domains.'
    return warn(`proxy.${name}`, name, detail, hint)
  }
  return pass(`proxy.${name}`, name, detail)
}

function judgeExtraCas(env: Environment, hasCa: boolean): readonly Check[] {
  const path = env['NODE_EXTRA_CA_CERTS'] ?? ''
  if (path === '') return []
  const [id, label] = ['env.NODE_EXTRA_CA_CERTS', 'NODE_EXTRA_CA_CERTS']
  try {
    accessSync(path, constants.R_OK)
  } catch {
    return [
      warn(
        id,
        label,
        `${path}: cannot be read, so Node trusts nothing more for it`,
        'Name a PEM file, or pass --ca FILE.',
      ),
    ]
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (hasCa && (major < 22 || (major === 22 && minor < 15))) {
    const hint = 'Before Node 22.15 it does not count together with --ca: put all certificates into the file of --ca.'
    return [warn(id, label, path, hint)]
  }
  return [pass(id, label, path)]
}

function judgeUnverified(env: Environment): readonly Check[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return []
  const hint = 'Unset it: the client verifies all the same, other programs do not. An own CA is trusted with --ca FILE.'
  return [warn('env.NODE_TLS_REJECT_UNAUTHORIZED', 'NODE_TLS_REJECT_UNAUTHORIZED', '0, which the client ignores', hint)]
}
