import { CacheError, type CacheErrorCode } from '../../errors.ts'

/** The error of the file system as one of ours, which holds nothing that stands in the file. */
export function failure(code: CacheErrorCode, what: string, path: string, error: unknown): CacheError {
  if (error instanceof CacheError) return error
  const reason = codeOf(error) ?? 'unknown'
  return new CacheError(code, `the cache ${JSON.stringify(path)} ${what} (${reason})`, {
    step: 'cache',
    hint: hints[reason] ?? 'Check the path, its permissions and the disk.',
  })
}

/** For what is only tidying up: that it failed is no matter. */
export const ignored = (): undefined => undefined

export function codeOf(error: unknown): string | undefined {
  const { code } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** What must not be trusted, and what to do about it. */
export function insecure(path: string, what: string, hint: string): CacheError {
  return new CacheError('ERR_CACHE_INSECURE', `the cache ${JSON.stringify(path)} ${what}`, { step: 'cache', hint })
}

const hints: Readonly<Record<string, string>> = {
  EACCES: 'This user may not: name a folder of their own, or change its permissions.',
  EPERM: 'This user may not: name a folder of their own, or change its permissions.',
  EROFS: 'The disk is read-only: name a folder on another.',
  ENOSPC: 'The disk is full. The old file is as it was.',
  EDQUOT: 'The quota is used up. The old file is as it was.',
  EISDIR: 'It is a folder: name a file in it.',
  ENOTDIR: 'A part of the path is a file, not a folder.',
  ENAMETOOLONG: 'Choose a shorter path.',
}
