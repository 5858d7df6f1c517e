// tsc leaves JSON behind that no module imports.
import { copyFileSync } from 'node:fs'

const schema = 'trace/trace.schema.json'
copyFileSync(new URL(`../src/${schema}`, import.meta.url), new URL(`../dist/${schema}`, import.meta.url))
