import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveServer, serveLive } from '../../src/cli/live/server.ts'
import { findChromium } from './chromium.ts'

const executablePath = findChromium()
const output = fileURLToPath(new URL('output/', import.meta.url))
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const ada = 'entra/ada@contoso.example'
const fred = 'entra/fred@fed.contoso.example'

describe.skipIf(executablePath === undefined)('the live page in Chromium', () => {
  let browser: Browser
  let live: LiveServer

  beforeAll(async () => {
    mkdirSync(output, { recursive: true })
    live = await serveLive({ callTimeoutMs: 60_000 })
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      chromiumSandbox: false,
    })
  })
  afterAll(async () => {
    await browser?.close()
    await live?.close()
  })

  /** A page that has its connection, with what went wrong on it. */
  async function open(
    options: BrowserContextOptions = {},
    { url } = live,
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(url)
    await says(page, 'Choose, then run.')
    return { page, requests, complaints }
  }

  const close = (page: Page): Promise<void> => page.context().close()

  const says = (page: Page, words: string): Promise<void> =>
    page.locator('#status', { hasText: words }).waitFor({ timeout: 10_000 })

  async function choose(page: Page, choice: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries({ pause: '0', ...choice })) {
      await page.locator(`select[name="${name}"]`).selectOption(value)
    }
  }

  const run = (page: Page): Promise<void> => page.getByRole('button', { name: 'Run', exact: true }).click()

  it('runs what is chosen: steps arrive one after another, nothing is asked of elsewhere, the console stays silent', async () => {
    const { page, requests, complaints } = await open()
    await choose(page, { user: fred, fault: 'none' })
    await page.evaluate(`{
      window.seen = [];
      window.words = [];
      window.scrolled = 0;
      addEventListener('scroll', () => (scrolled = Math.max(scrolled, scrollY)));
      new MutationObserver(() => {
        const count = document.querySelectorAll('details.step').length;
        if (seen.at(-1) !== count) seen.push(count);
      }).observe(document.getElementById('report'), { childList: true, subtree: true });
      new MutationObserver(() => words.push(document.getElementById('status').textContent))
        .observe(document.getElementById('status'), { childList: true });
    }`)
    await run(page)
    await says(page, 'Token obtained.')
    expect(await page.evaluate('seen')).toEqual(Array.from({ length: 14 }, (_, index) => index))
    expect(await page.evaluate('scrolled')).toBeGreaterThan(300)
    expect(await page.evaluate('document.getElementById("report").getBoundingClientRect().top')).toBeLessThan(400)
    expect(await page.evaluate('words')).toContain('Step 11: Security token (WS-Trust): HTTP 200')
    expect(await page.locator('.timeline li').count()).toBe(14)
    expect(await page.locator('.sequence svg a').count()).toBeGreaterThan(13)
    const ids = await page.locator('#report .step').evaluateAll((steps) => steps.map(({ id }) => id))
    expect(ids).toEqual([...Array.from({ length: 13 }, (_, index) => `run-1-step-${index + 1}`), 'run-1-end'])
    // What was put together piece by piece is what the last message holds as a whole.
    expect(await page.locator('#report .answers li').count()).toBe(5)
    expect(
      await page.locator('#report [id]').evaluateAll((all) => new Set(all.map(({ id }) => id)).size === all.length),
    ).toBe(true)
    expect(new Set(requests)).toEqual(new Set([live.url, `${live.url}events`, `${live.url}runs`]))
    expect(complaints).toEqual([])
    await page.screenshot({ path: `${output}live.png` })

    // The tools of the report serve it, and the next run takes its place.
    await page.fill('#search', 'KeyType')
    expect(await page.locator('#found').textContent()).toMatch(/^[1-9]\d* of 14 steps$/)
    await choose(page, { user: ada, fault: 'password' })
    await run(page)
    await says(page, 'Failed.')
    expect(await page.locator('#report h2').allTextContents()).toEqual(['ada@contoso.example'])
    expect(await page.locator('#found').textContent()).toMatch(/^0 of \d+ steps$/)
    expect(complaints).toEqual([])
    await close(page)
  })

  it('leaves alone what is read meanwhile: an opened step, the focus, the place in the page', async () => {
    const { page } = await open()
    await choose(page, { user: ada, fault: 'way-1', route: 'token' })
    await run(page)
    await says(page, 'Token request: waiting')
    expect(await page.locator('#report .answers').isVisible()).toBe(false)
    await page.screenshot({ path: `${output}live-running.png` })
    const second = page.locator('#run-1-step-2')
    await second.locator('> summary').focus()
    await page.keyboard.press('Enter')
    const link = page.locator('.timeline a').nth(1)
    await page.evaluate(`window.opened = document.getElementById('run-1-step-2')`)
    await link.focus()
    const place = (): Promise<unknown> => page.evaluate(`opened.getBoundingClientRect().top`)
    const before = await place()
    await says(page, 'Token obtained.')
    expect(Math.abs(Number(await place()) - Number(before))).toBeLessThan(5)
    expect(await page.locator('#report .answers').isVisible()).toBe(true)
    expect(await page.evaluate(`opened.isConnected && opened.open`)).toBe(true)
    // The list of steps was written anew under the focus.
    expect(await page.evaluate(`document.activeElement.getAttribute('href')`)).toBe('#run-1-step-2')
    await close(page)
  })

  it('is used by keyboard alone', async () => {
    const { page } = await open()
    await page.locator('#theme').focus()
    const seen: unknown[] = []
    for (let presses = 0; presses < 4; presses++) {
      await page.keyboard.press('Tab')
      const name = await page.evaluate('document.activeElement.name || document.activeElement.textContent')
      seen.push(name)
      if (name === 'user') await page.keyboard.type('olga')
      if (name === 'fault') await page.keyboard.type('Wrong')
      if (name === 'pause') await page.keyboard.press('Home')
      expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).not.toBe('none')
    }
    expect(seen).toEqual(['user', 'fault', 'pause', 'Run'])
    await page.keyboard.press('Enter')
    await says(page, 'Failed.')
    // The focus is where it was: Enter once more runs once more.
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Run')
    expect(await page.locator('#report h2').textContent()).toBe('olga')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(`document.activeElement.closest('#report') !== null`)).toBe(true)
    await close(page)
  })

  it('offers to each user the faults that can happen to them', async () => {
    const { page } = await open()
    const offered = (name: string): Promise<string[]> =>
      page
        .locator(`select[name="${name}"] option:not([disabled])`)
        .evaluateAll((all) => all.map((one) => one.getAttribute('value') ?? ''))
    await choose(page, { user: fred, fault: 'id3242' })
    expect(await page.locator('select[name="route"]').isDisabled()).toBe(true)
    await choose(page, { user: ada })
    expect(await page.locator('select[name="fault"]').inputValue()).toBe('none')
    expect(await offered('fault')).not.toContain('id3242')
    expect(await offered('fault')).toContain('aadsts50034')
    await choose(page, { fault: 'way-5' })
    expect(await page.locator('select[name="route"]').isDisabled()).toBe(false)
    expect(await offered('route')).toEqual(['token', 'metadata', 'realm'])
    await choose(page, { user: 'oidc/olga' })
    expect(await offered('route')).toEqual(['token', 'metadata'])
    await close(page)
  })

  it.each([
    ['light', 1280, fred, 'id3242'],
    ['dark', 390, ada, 'way-5'],
  ] as const)('%s, at %i pixels: no serious finding of axe, no overflow', async (colorScheme, width, user, fault) => {
    const viewport = { width, height: 900 }
    // A step that is still appearing has less contrast.
    const { page } = await open({ colorScheme, viewport, bypassCSP: true, reducedMotion: 'reduce' })
    await choose(page, { user, fault })
    await run(page)
    await says(page, 'Failed.')
    await page.screenshot({ path: `${output}live-${colorScheme}-${width}.png`, fullPage: true })
    const background = (): Promise<unknown> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const own = await background()
    for (let clicks = 0; clicks < (colorScheme === 'light' ? 1 : 2); clicks++) await page.locator('#theme').click()
    expect(await background()).toBe(own)
    await page.evaluate(axe)
    const found = (await page.evaluate(
      `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, first: nodes[0].html, why: nodes[0].failureSummary })))`,
    )) as { impact: string }[]
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
    await page.evaluate(`for (const one of document.querySelectorAll('details')) one.open = true`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    await close(page)
  })

  it('says when the simulator has stopped, and starts nothing then', async () => {
    const own = await serveLive()
    const { page, requests, complaints } = await open({}, own)
    await own.close()
    await says(page, 'The simulator has stopped.')
    await page.getByRole('button', { name: 'Run', exact: true }).click({ force: true })
    expect(requests).toEqual([own.url, `${own.url}events`])
    expect(complaints).toEqual([])
    await close(page)
  })
})
