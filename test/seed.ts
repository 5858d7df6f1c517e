import fc from 'fast-check'

// A commit that is green stays green: properties try the same values in every run, and others in `npm run test:nightly`
// only. A failing one prints the seed of its own.
if (process.env['MODE'] !== 'random') fc.configureGlobal({ seed: 20_100_407 })
