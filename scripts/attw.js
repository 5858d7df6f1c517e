// attw packs the package, and packing would build it again: it was built a moment ago.
import { execFileSync } from 'node:child_process'

execFileSync('attw', ['--pack', '.', '--profile', 'esm-only', '--format', 'ascii'], {
  stdio: 'inherit',
  env: { ...process.env, npm_config_ignore_scripts: 'true' },
})
