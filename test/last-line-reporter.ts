import type { Reporter, TestModule } from 'vitest/node'

/** Ends the run with one plain line, `N passed, N failed`, that any CI can read. */
export class LastLineReporter implements Reporter {
  #line = '0 passed, 1 failed'
  #printed = false

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0
    let failed = unhandledErrors.length
    let skipped = 0
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'failed') failed++
        else skipped++
      }
    }
    this.#line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    // Under --coverage the table comes later; an exit listener is the one place after everything else.
    if (this.#printed) return
    this.#printed = true
    process.once('exit', () => process.stdout.write(`${this.#line}\n`))
  }
}
