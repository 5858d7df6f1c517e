import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trace } from '../../src/trace/trace.ts'
import { renderHtml } from '../../src/trace/views/html.ts'
import { record } from '../trace/scenarios.ts'
import { findChromium } from './chromium.ts'
import { hostileTrace } from './hostile.ts'
import { longTrace } from './long-trace.ts'

const executablePath = findChromium()
const output = fileURLToPath(new URL('output/', import.meta.url))
/** Pictures of what was tested, for people; to draw long pages takes longer than to test them. */
const wantsPictures = process.env['ROPC_PICTURES'] === '1'
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// In the browser.
declare class DOMParser {
  parseFromString(text: string, type: string): { querySelectorAll(selector: string): Iterable<ParsedElement> }
}
interface ParsedElement {
  readonly localName: string
  readonly id: string
  readonly textContent: string
  readonly attributes: Iterable<{ readonly name: string }>
  getAttribute(name: string): string | null
}
declare const document: {
  readonly documentElement: {
    readonly scrollWidth: number
    readonly clientWidth: number
    readonly dataset: Record<string, string>
  }
}

describe.skipIf(executablePath === undefined)('the report in Chromium', () => {
  let browser: Browser
  const files = new Map<string, string>()
  const traces = new Map<string, Trace>()

  beforeAll(async () => {
    mkdirSync(output, { recursive: true })
    for (const name of ['federated-wrong-password', 'federated', 'managed', 'silent'])
      traces.set(name, await record(name))
    const federated = traces.get('federated')
    if (federated !== undefined) traces.set('long', longTrace(federated))
    for (const [name, trace] of traces) {
      const path = `${output}${name}.html`
      writeFileSync(path, renderHtml(trace))
      files.set(name, pathToFileURL(path).href)
    }
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      chromiumSandbox: false,
    })
  })
  afterAll(() => browser?.close())

  let plainPage: Page | undefined

  /** A page with what went wrong on it. A context of its own takes long to open: it is for those who want options. */
  async function open(
    name: string,
    options?: BrowserContextOptions,
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const viewport = { width: 1280, height: 900 }
    const page =
      (options === undefined && plainPage) || (await (await browser.newContext({ viewport, ...options })).newPage())
    if (options === undefined) plainPage = page
    const requests: string[] = []
    const complaints: string[] = []
    page.removeAllListeners('request').removeAllListeners('console').removeAllListeners('pageerror')
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(files.get(name) ?? '')
    return { page, requests, complaints }
  }

  const close = (page: Page): Promise<void> => page.context().close()

  async function picture(page: Page, name: string, fullPage = false): Promise<void> {
    if (wantsPictures) await page.screenshot({ path: `${output}${name}.png`, fullPage })
  }

  it('opens from disk, asks the network for nothing and says nothing on the console', async () => {
    for (const name of ['managed', 'long']) {
      const { page, requests, complaints } = await open(name)
      if (name === 'managed') await page.waitForLoadState('networkidle')
      expect({ requests, complaints }).toEqual({ requests: [files.get(name)], complaints: [] })
      expect(await page.locator('h1').count()).toBe(1)
    }
  })

  it('reads without its script', async () => {
    const { page } = await open('federated', { javaScriptEnabled: false })
    await page.locator('#run-1-step-9 > summary').click()
    for (const part of ['.decoded', '.raw']) {
      expect(await page.locator(`#run-1-step-9 ${part}`).first().isVisible()).toBe(true)
    }
    expect(await page.locator('#search').isVisible()).toBe(false)
    await close(page)
  })

  it('finds words: only steps that have them stay, each hit is marked, also in what was closed or raw', async () => {
    const { page } = await open('federated')
    await page.keyboard.press('/')
    await page.keyboard.type('KeyType')
    expect(await page.locator('#found').textContent()).toMatch(/^[1-9]\d* of 10 steps$/)
    const shown = await page.locator('.step:not([hidden])').evaluateAll((steps) => steps.map(({ id }) => id))
    expect(shown).toContain('run-1-step-7')
    expect(shown).not.toContain('run-1-step-1')
    const listed = await page.locator('.timeline li:not([hidden]) a').evaluateAll((links) => links.map((a) => a.hash))
    expect(listed).toEqual(shown.map((id) => `#${id}`))
    const marked = await page.evaluate(`[...CSS.highlights.get('found')].map(String)`)
    expect(new Set((marked as string[]).map((text) => text.toLowerCase()))).toEqual(new Set(['keytype']))
    expect(await page.locator('#run-1-step-7').getByRole('rowheader', { name: 'KeyType' }).first().isVisible()).toBe(
      true,
    )
    await page.keyboard.press('Enter')
    await picture(page, 'search')

    await page.fill('#search', 'no such words')
    expect(await page.locator('#found').textContent()).toBe('0 of 10 steps')
    await page.locator('#search').press('Escape')
    expect(await page.locator('.step[hidden]').count()).toBe(0)
    expect(await page.evaluate(`CSS.highlights.get('found').size`)).toBe(0)
  })

  it('is used by keyboard alone: every control has its turn, Enter opens, arrows walk the timeline', async () => {
    const { page } = await open('managed')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    const controls = `[...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter((one) => one.checkVisibility())`
    const expected = await page.evaluate(`window.left = ${controls}; left.length`)
    expect(expected).toBeGreaterThan(30)
    for (let presses = 0; presses < Number(expected); presses++) {
      const hasOutline = await page.evaluate(
        `left = left.filter((one) => one !== document.activeElement); getComputedStyle(document.activeElement).outlineStyle !== 'none'`,
      )
      expect(hasOutline, await page.evaluate('document.activeElement.outerHTML.slice(0, 200)')).toBe(true)
      await page.keyboard.press('Tab')
    }
    expect(await page.evaluate('left.map((one) => one.outerHTML.slice(0, 200))')).toEqual([])

    await page.locator('#run-1-step-1 > summary').focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('#run-1-step-1').getAttribute('open')).toBe('')
    await page.locator('.timeline a').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate(`document.activeElement.closest('#run-1-step-2[open]') !== null`)).toBe(true)
  })

  it('opens the step that a link of the diagram leads to, again if it was closed meanwhile', async () => {
    const { page } = await open('managed')
    for (let times = 0; times < 2; times++) {
      await page.locator('.sequence svg a[href="#run-1-step-3"]').first().click()
      await page.waitForSelector('#run-1-step-3[open]')
      await page.locator('#run-1-step-3 > summary').click()
    }
  })

  it('shows messages decoded, raw or side by side, and copies the command', async () => {
    const { page } = await open('managed')
    await page.locator('#open-all').click()
    const step = page.locator('details.hop').last()
    const seen = async (): Promise<boolean[]> =>
      Promise.all(['.decoded', '.raw'].map((part) => step.locator(part).first().isVisible()))
    expect(await seen()).toEqual([true, false])
    await step.getByRole('button', { name: 'Raw' }).click()
    expect(await seen()).toEqual([false, true])
    await step.getByRole('button', { name: 'Side by side' }).click()
    expect(await seen()).toEqual([true, true])
    expect(await step.getByRole('button', { pressed: true }).textContent()).toBe('Side by side')
    await step.locator('.curl > summary').click()
    await step.getByRole('button', { name: 'Copy' }).click()
    await expect
      .poll(() => page.evaluate(`[...document.querySelectorAll('.copied')].some((one) => one.textContent !== '')`))
      .toBe(true)
    await page.locator('#close-all').click()
    expect(await page.locator('details.step[open]').count()).toBe(0)
  })

  it.each(['light', 'dark'] as const)('is %s where the system is, and as the reader wants it', async (colorScheme) => {
    const { page } = await open('federated-wrong-password', { colorScheme })
    const background = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const own = await background()
    await picture(page, colorScheme)
    await page.locator('#theme').click()
    expect(await page.locator('#theme').textContent()).toBe('Theme: light')
    const light = await background()
    await page.locator('#theme').click()
    const dark = await background()
    expect(light).not.toBe(dark)
    expect(own).toBe(colorScheme === 'light' ? light : dark)
    await close(page)
  })

  it.each([
    ['federated-wrong-password', 'light', 1280],
    ['managed', 'dark', 1280],
    ['silent', 'light', 390],
  ] as const)('%s has no serious finding of axe, %s, at %i pixels', async (name, colorScheme, width) => {
    const viewport = { width, height: 900 }
    const { page } = await open(name, { colorScheme, viewport, bypassCSP: true })
    await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
    await page.locator('[data-show="both"]').last().click()
    await page.evaluate(axe)
    const found = (await page.evaluate(
      `axe.run(document, { resultTypes: ['violations'], preload: false }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0].html, why: nodes[0].failureSummary })))`,
    )) as { impact: string }[]
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
    await close(page)
  })

  it('holds its layout at 1280 and 390 pixels, with 40 steps and values of 2,000 characters', async () => {
    for (const name of ['long', 'federated-wrong-password']) {
      const { page } = await open(name, {})
      if (name === 'long') expect(await page.locator('.step').count()).toBeGreaterThan(40)
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 })
        // As it opens: Chromium paints no picture of everything opened, which takes too many screens on a telephone.
        await page.reload()
        if (name !== 'long') await picture(page, `${name}-${width}`, true)
        await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
        for (const view of ['decoded', 'both']) {
          await page.evaluate(`for (const one of document.querySelectorAll('.exchange')) one.dataset.view = '${view}'`)
          const { scrollWidth, clientWidth } = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement
            return { scrollWidth, clientWidth }
          })
          expect([name, width, view, scrollWidth]).toEqual([name, width, view, clientWidth])
        }
      }
      await close(page)
    }
  })

  it('prints everything, opened, and no controls', async () => {
    const { page } = await open('managed', {})
    await page.emulateMedia({ media: 'print' })
    const seen = await page.locator('details.hop .raw').evaluateAll((all) => all.map((one) => one.checkVisibility()))
    expect(seen).toEqual([true, true, true, true])
    expect(await page.locator('#search').isVisible()).toBe(false)
    await picture(page, 'print', true)
    await close(page)
  })

  it('makes no element and no attribute of any text of a trace', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const pages: string[] = []
    for (const name of ['federated', 'silent', 'federated-wrong-password']) {
      const shape = traces.get(name)
      if (shape !== undefined) pages.push(...fc.sample(hostileTrace(shape), 5).map((trace) => renderHtml(trace)))
    }
    const found = await page.evaluate((texts) => {
      const names = new Set<string>()
      const ids: string[] = []
      const links = new Set<string>()
      const scripts = new Set<string>()
      for (const text of texts) {
        const parsed = new DOMParser().parseFromString(text, 'text/html')
        for (const element of parsed.querySelectorAll('*')) {
          names.add(element.localName)
          for (const { name } of element.attributes) names.add(`@${name}`)
          if (element.id !== '') ids.push(element.id)
          const href = element.getAttribute('href')
          if (href !== null) links.add(href.replace(/^(#|[a-z]+:)?.*$/s, '$1'))
          if (element.localName === 'script' || element.localName === 'style') scripts.add(element.textContent)
        }
      }
      return {
        names: [...names],
        ids: ids.filter((id) => !/^[a-z0-9-]+$/.test(id)),
        links: [...links],
        scripts: scripts.size,
      }
    }, pages)
    expect(found.names.filter((name) => !ours.has(name))).toEqual([])
    expect(found).toMatchObject({ ids: [], scripts: 2 })
    expect(found.links.toSorted()).toEqual(['#', 'https:'])
    await context.close()
  })
})

const elements =
  'html head meta title style body a header h1 h2 h3 h4 h5 h6 div label span input button main nav ol li article p section dl dt dd ' +
  'figure svg desc g path rect text details summary table caption thead tbody tr th td code b strong pre wbr footer script'
const attributes =
  'lang charset http-equiv content name class href id aria-labelledby aria-label aria-hidden aria-describedby aria-pressed role ' +
  'tabindex type placeholder autocomplete spellcheck viewbox viewBox width height x y d rx preserveAspectRatio open rel scope ' +
  'data-head data-view data-show data-copy translate'
const ours: ReadonlySet<string> = new Set([...elements.split(' '), ...attributes.split(' ').map((name) => `@${name}`)])
