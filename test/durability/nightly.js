// The long form of the durability tests: real processes that write, are killed and are frozen, for some ten minutes.
// Run it with: npm run test:nightly
import { startVitest } from 'vitest/node'

class Rows {
  passed = 0
  failed = 0

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result()
    if (state === 'skipped') return
    if (state === 'passed') this.passed++
    else this.failed++
    const { figures = '' } = test.meta()
    const seconds = ((test.diagnostic()?.duration ?? 0) / 1_000).toFixed(1)
    console.log(`${state} in ${seconds} s: ${test.fullName}${figures && ` (${figures})`}`)
    for (const { message } of errors) console.log(`  ${message}`)
  }

  onTestRunEnd(modules, errors) {
    for (const { message } of [...errors, ...modules.flatMap((module) => module.errors())]) {
      this.failed++
      console.log(`failed: ${message}`)
    }
  }
}

const rows = new Rows()
const vitest = await startVitest('test', ['test/durability/'], {
  mode: 'nightly',
  watch: false,
  // One after the other: each has more processes than there are cores.
  fileParallelism: false,
  reporters: [rows],
})
await vitest.close()
console.log(`${rows.passed} passed, ${rows.failed} failed`)
process.exitCode = rows.failed === 0 && rows.passed > 0 ? 0 : 1
