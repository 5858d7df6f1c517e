// What is measured: the build. ROPC_DIST names another one, e.g. to compare two.
const root = process.env.ROPC_DIST ?? new URL('../dist', import.meta.url).href

export const index = await import(`${root}/index.js`)
export const cache = await import(`${root}/cache.js`)
