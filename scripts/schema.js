// tsc leaves JSON behind that no module imports.
import { copyFileSync, cpSync } from 'node:fs'

const schema = 'trace/trace.schema.json'
copyFileSync(new URL(`../src/${schema}`, import.meta.url), new URL(`../dist/${schema}`, import.meta.url))
cpSync(new URL('../fixtures/cassettes', import.meta.url), new URL('../dist/testing/cassettes', import.meta.url), {
  recursive: true,
})
