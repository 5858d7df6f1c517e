import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type ClientOptions, isAuthError, type TokenResult } from 'ropc-client'

/** What each sample takes: the options of the client, the user, and the file that two of them keep tokens in. */
export interface Settings extends ClientOptions {
  readonly username: string
  readonly password: string
  readonly scopes: readonly string[]
  readonly cacheFile?: string
}

function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`set the environment variable ${name}`)
  return value
}

/** Reads ROPC_CLIENT_ID, ROPC_AUTHORITY, ROPC_USERNAME, ROPC_PASSWORD, ROPC_SCOPES and, if there, ROPC_CACHE and ROPC_CA. */
export function settingsFromEnvironment(): Settings {
  const { ROPC_CACHE: cacheFile, ROPC_CA: ca } = process.env as { ROPC_CACHE?: string; ROPC_CA?: string }
  return {
    clientId: required('ROPC_CLIENT_ID'),
    authority: required('ROPC_AUTHORITY'),
    username: required('ROPC_USERNAME'),
    password: required('ROPC_PASSWORD'),
    scopes: required('ROPC_SCOPES').split(' '),
    ...(cacheFile ? { cacheFile } : {}),
    ...(ca ? { ca: readFileSync(ca, 'utf8') } : {}),
  }
}

/** Runs a sample if its file was started as a program. It never prints the token. */
export async function runAsProgram(url: string, run: (settings: Settings) => Promise<TokenResult>): Promise<void> {
  if (process.argv[1] !== fileURLToPath(url)) return
  try {
    const { account, source, expiresOn } = await run(settingsFromEnvironment())
    process.stdout.write(`${account?.username}: ${source}, until ${expiresOn.toISOString()}\n`)
  } catch (error) {
    const text = isAuthError(error)
      ? `${error.code} (${error.step}): ${error.message}\n${error.hint ?? ''}`
      : `${error}`
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
  }
}
