import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { product } from '../../src/protocol/product.ts'

it('the name and version sent to servers are those of the package', () => {
  const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(product).toEqual({ name, version })
})
