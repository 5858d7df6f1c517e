// Writes docs/errors.md from the registries of the build: run it after `npm run build`.
import { writeFileSync } from 'node:fs'
import { renderErrorsPage } from '../dist/explain/errors-page.js'

writeFileSync(new URL('../docs/errors.md', import.meta.url), renderErrorsPage())
