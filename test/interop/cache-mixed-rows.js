import { edit, expectGrants, expire, sections } from './cache-checks.js'
import { expect, row } from './report.js'

/** Rows in which several libraries write one file, and what they leave behind for each other. */
export async function mixedRows(context) {
  const { service, node, node3, python } = context
  const [user] = service.users
  const client = context.ours.name
  await row(
    {
      client,
      user: user.username,
      path: "heals MSAL Node 3's key twins (#8835)",
      needs: { ...node.needs, ...node3.needs },
    },
    () => healKeyTwins(context),
  )
  for (const [first, second] of [
    [node, node3],
    [node3, node],
  ]) {
    const path = `takes the refresh token of ${second.name}, newer than our own`
    await row({ client, user: user.username, path, needs: { ...node.needs, ...node3.needs } }, () =>
      takeNewest(context, first, second),
    )
  }
  for (const library of context.libraries) {
    const path = 'finds one app metadata after our write, though there were two'
    await row({ client: library.name, user: user.username, path, needs: library.needs }, () =>
      healMetadataTwins(context, library),
    )
  }
  const path = '20 rounds in turn with MSAL Node 7 and MSAL Python on one file'
  await row({ client, user: 'three', path, needs: { ...node.needs, ...python.needs } }, () => takeTurns(context))
}

/** Two generations of MSAL Node leave two refresh tokens, and the old one is used for ever. */
async function healKeyTwins({ service, newFile, ours, node, node3 }) {
  const [user] = service.users
  const file = newFile()
  await node3.signIn(file, user)
  await node.signIn(file, user)
  const twins = () =>
    Object.keys(JSON.parse(JSON.stringify(sections(file))).find(([name]) => name === 'RefreshToken')[1])
  expect(twins().length === 2, 'no twins to begin with')
  await ours.signIn(file, user)
  expect(twins().length === 1, 'the twins are still there')
  for (const library of [node, node3]) {
    expire(file)
    await ours.silent(file, user)
    const newest = newestRefreshToken(file)
    expire(file)
    const { grants } = await service.during(() => library.silent(file, user))
    expectGrants({ grants }, ['refresh_token'])
    expect(grants[0].refreshToken === newest, `${library.name} redeemed an old refresh token`)
  }
  return 'one refresh token is left; MSAL Node 7 and 3 redeem the newest'
}

/** After a password change the older ones are worth nothing; MSAL Node does not say which is which. */
async function takeNewest({ service, newFile, ours }, first, second) {
  const [user] = service.users
  const file = newFile()
  await first.signIn(file, user)
  await ours.signIn(file, user)
  service.revoke(user.username)
  await second.signIn(file, user)
  expire(file)
  expectGrants(await service.during(() => ours.silent(file, user)), ['refresh_token'])
  return 'refreshed'
}

const section = (file, wanted) => Object.values(sections(file).find(([name]) => name === wanted)?.[1] ?? {})
const newestRefreshToken = (file) => section(file, 'RefreshToken').at(-1).secret

/** MSAL Node refuses to refresh with two entries for hosts of one cloud: multiple_matching_appMetadata. */
async function healMetadataTwins({ service, newFile, ours }, library) {
  const [user] = service.users
  const file = newFile()
  await ours.signIn(file, user)
  edit(file, (cache) => {
    for (const environment of ['login.windows.net', 'login.microsoftonline.com']) {
      const entry = { client_id: service.clientId, environment }
      cache.AppMetadata = { ...cache.AppMetadata, [`appmetadata-${environment}-${service.clientId}`]: entry }
    }
  })
  expire(file)
  await ours.silent(file, user)
  expectOneMetadata(file)
  expire(file)
  expectGrants(await service.during(() => library.silent(file, user)), ['refresh_token'])
  return 'refreshed'
}

function expectOneMetadata(file) {
  const entries = section(file, 'AppMetadata')
  expect(entries.length === 1, `${entries.length} app metadata entries`)
}

const future = { of: ['a', { later: 'version' }] }
const atExt = {
  ...{
    credential_type: 'ATExt',
    home_account_id: 'somebody.else',
    environment: 'login.windows.net',
    client_id: 'another',
  },
  ...{ realm: 'else', target: 'Mail.Read', secret: 'bound', cached_at: '1', expires_on: '4000000000', ext: { a: 'b' } },
}

async function takeTurns({ service, newFile, ours, node, python }) {
  const users = service.users.slice(0, 3)
  const file = newFile()
  const writers = [python, node, ours]
  // MSAL Python lists no account of an alias of its host once it has one of its own: so it is the first to sign in.
  for (const writer of writers) for (const user of users) await writer.signIn(file, user)
  const reads = []
  for (let round = 0; round < 20; round++) {
    const writer = writers[round % 3]
    const user = users[Math.trunc(round / 3) % 3]
    expire(file)
    if (writer === ours) plant(file)
    // In turns: a refresh, and a sign-in.
    if (round % 2 === 0) expectGrants(await service.during(() => writer.silent(file, user)), ['refresh_token'])
    else await writer.signIn(file, user)
    if (writer === ours) {
      expectPlanted(file)
      expectOneMetadata(file)
    }
    for (const reader of writers.filter((one) => one !== writer)) {
      const { grants } = await service.during(() => reader.silent(file, user))
      reads.push({ writer, reader, requests: grants.length })
    }
    const accounts = new Set(section(file, 'Account').map(({ home_account_id: id }) => id))
    expect(accounts.size === 3, `${3 - accounts.size} accounts lost in round ${round}`)
  }
  // MSAL Python tries the refresh token of its own host before it looks at the hosts that MSAL Node writes under.
  const isOurs = ({ writer, reader }) => writer === ours || reader === ours
  const missed = reads.filter(({ requests }) => requests > 0)
  const names = missed.filter(isOurs).map(({ writer, reader }) => `${reader.name} after ${writer.name}`)
  expect(names.length === 0, `asked for a token: ${names.join(', ')}`)
  return `no account lost; ${reads.filter(isOurs).length} silent calls of theirs after our writes and of ours after theirs, no token request (among themselves: ${missed.length})`
}

const text = (value) => JSON.stringify(value)

/** Puts things into a file that nobody here understands. */
function plant(file) {
  edit(file, (cache) => {
    cache.FromTheFuture = future
    cache.AccessToken.atext = atExt
    for (const account of Object.values(cache.Account)) account.future = future
  })
}

/** What the others lose is theirs to lose; we lose nothing. */
function expectPlanted(file) {
  const { FromTheFuture, AccessToken, Account } = Object.fromEntries(sections(file))
  expect(text(FromTheFuture) === text(future), 'an unknown section was lost')
  expect(text(AccessToken.atext) === text(atExt), 'a token of an unknown type was lost')
  expect(
    Object.values(Account).every((account) => text(account.future) === text(future)),
    'an unknown field was lost',
  )
}
