// tsc writes files that nobody may execute, and npm sets the mode of a bin only when it first links it.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755)
