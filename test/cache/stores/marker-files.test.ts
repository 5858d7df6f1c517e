import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createMarkers } from '../../../src/cache/stores/marker-files.ts'

const root = mkdtempSync(join(tmpdir(), 'ropc-markers-'))
afterAll(() => rmSync(root, { recursive: true }))

describe('an index of marker files', () => {
  it('lists what was added and not removed, and leaves no empty list', async () => {
    const folder = join(root, 'one')
    const markers = createMarkers(folder)
    for (const member of ['a', 'b', 'a']) await markers.add('list', member)
    expect([...(await markers.list('list'))].sort()).toEqual(['a', 'b'])
    await markers.remove('list', 'a')
    expect(await markers.list('list')).toEqual(['b'])
    await markers.remove('list', 'b')
    await markers.remove('list', 'b')
    expect(await markers.list('list')).toEqual([])
    expect(readdirSync(join(folder, 'li'))).toEqual([])
  })

  it('loses nothing when a list is emptied and filled at the same moment', async () => {
    const markers = createMarkers(join(root, 'other'))
    for (let round = 0; round < 20; round++) {
      await markers.add('list', 'old')
      await Promise.all([markers.remove('list', 'old'), markers.add('list', `new ${round}`)])
      expect(await markers.list('list')).toEqual([`new ${round}`])
      await markers.remove('list', `new ${round}`)
    }
  })

  it('says what is wrong if it cannot add', async () => {
    const markers = createMarkers(root)
    await expect(markers.add('list', 'x'.repeat(300))).rejects.toMatchObject({ code: 'ERR_CACHE_WRITE', step: 'cache' })
  })

  it('goes by the names, whatever is under them', async () => {
    mkdirSync(join(root, 'li', 'list', 'folder'), { recursive: true })
    await createMarkers(root).add('list', 'folder')
    expect(await createMarkers(root).list('list')).toEqual(['folder'])
  })
})
