import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientSecret, createServerKey } from './identities.js'
import { answers, freePort, startServer } from './server-process.js'

/** The configuration that the package brings; ours is that and what is said below. */
const defaults = '/var/lib/lemonldap-ng/conf/lmConf-1.json'

/** The portal of LemonLDAP::NG: Perl, under Starman. Its users are its own: each one's password is the name. */
export const lemonldapNg = {
  name: 'lemonldap-ng',
  // The portal does not start without the last six, and does not depend on them.
  debian: [
    'liblemonldap-ng-portal-perl',
    'starman',
    'libio-string-perl',
    'libmime-tools-perl',
    'libgd-securityimage-perl',
    'libimage-magick-perl',
    'libstring-random-perl',
    'libemail-sender-perl',
  ],
  start,
}

async function start(_peer, folder) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const inFolder = (...parts) => join(folder, 'lemonldap', ...parts)
  for (const path of ['conf', 'sessions/lock', 'persistent/lock', 'cache'])
    mkdirSync(inFolder(path), { recursive: true })
  const configuration = { ...JSON.parse(readFileSync(defaults, 'utf8')), ...portal(issuer, inFolder) }
  writeFileSync(inFolder('conf', 'lmConf-1.json'), JSON.stringify(configuration))
  writeFileSync(inFolder('lemonldap-ng.ini'), settings(inFolder('conf')))
  writeFileSync(inFolder('app.psgi'), 'use Lemonldap::NG::Portal::Main; Lemonldap::NG::Portal::Main->run({});\n')

  const { pid, stop } = await startServer({
    name: 'lemonldap-ng',
    command: 'starman',
    args: ['--listen', `127.0.0.1:${port}`, '--workers', '1', inFolder('app.psgi')],
    env: { LLNG_DEFAULTCONFFILE: inFolder('lemonldap-ng.ini') },
    folder,
    isReady: () => answers(`${issuer}/.well-known/openid-configuration`),
    timeoutMs: 30_000,
  })
  return {
    pid,
    stop,
    issuer,
    tokenEndpoint: `${issuer}/oauth2/token`,
    jwks: `${issuer}/oauth2/jwks`,
    user: { username: 'dwho', password: 'dwho' },
    scopes: ['openid', 'offline_access'],
    issuesIdToken: true,
    authentications: {
      public: { clientId: 'pub' },
      post: { clientId: 'conf', clientSecret },
      'basic raw': { clientId: 'plain', clientSecret: 'plainsecret' },
      'basic raw, colon in the secret': { clientId: 'conf', clientSecret, refused: 'cuts the secret at its colon' },
      'basic rfc6749': { clientId: 'conf', clientSecret, refused: 'takes the encoded secret literally' },
    },
    quirks: [
      'no scope in the reply',
      'id_token whose aud is a list',
      'key in the JWKS without alg',
      'refresh keeps the refresh_token',
    ],
  }
}

const settings = (folder) => `[all]
logLevel = warn
checkTime = 1
[configuration]
type=File
dirName = ${folder}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
`

function portal(issuer, inFolder) {
  const { privatePem, publicPem } = createServerKey()
  const sessions = (name) => ({
    Directory: inFolder(name),
    LockDirectory: inFolder(name, 'lock'),
    generateModule: 'Lemonldap::NG::Common::Apache::Session::Generate::SHA256',
  })
  return {
    portal: `${issuer}/`,
    domain: '127.0.0.1',
    authentication: 'Demo',
    userDB: 'Same',
    passwordDB: 'Demo',
    requireToken: 0,
    bruteForceProtection: 0,
    captcha_login_enabled: 0,
    captcha_mail_enabled: 0,
    captcha_register_enabled: 0,
    portalDisplayRegister: 0,
    portalDisplayResetPassword: 0,
    issuerDBOpenIDConnectActivation: 1,
    oidcServiceMetaDataIssuer: issuer,
    oidcServicePrivateKeySig: privatePem,
    oidcServicePublicKeySig: publicPem,
    oidcServiceKeyIdSig: 'interop',
    oidcServiceAllowAuthorizationCodeFlow: 1,
    oidcServiceAccessTokenExpiration: 3600,
    oidcServiceIDTokenExpiration: 3600,
    oidcServiceOfflineSessionExpiration: 86_400,
    globalStorage: 'Apache::Session::File',
    globalStorageOptions: sessions('sessions'),
    persistentStorage: 'Apache::Session::File',
    persistentStorageOptions: sessions('persistent'),
    localSessionStorageOptions: {
      cache_root: inFolder('cache'),
      namespace: 'sessions',
      default_expires_in: 600,
      directory_umask: '007',
      cache_depth: 3,
    },
    oidcRPMetaDataOptions: {
      pub: { ...relyingParty('pub'), oidcRPMetaDataOptionsPublic: 1 },
      conf: { ...relyingParty('conf'), oidcRPMetaDataOptionsClientSecret: clientSecret },
      plain: { ...relyingParty('plain'), oidcRPMetaDataOptionsClientSecret: 'plainsecret' },
    },
    oidcRPMetaDataExportedVars: { pub: { email: 'mail' }, conf: { email: 'mail' }, plain: { email: 'mail' } },
  }
}

const relyingParty = (id) => ({
  oidcRPMetaDataOptionsClientID: id,
  oidcRPMetaDataOptionsAllowPasswordGrant: 1,
  oidcRPMetaDataOptionsRefreshToken: 1,
  oidcRPMetaDataOptionsIDTokenSignAlg: 'RS256',
  oidcRPMetaDataOptionsAccessTokenExpiration: 3600,
  oidcRPMetaDataOptionsIDTokenExpiration: 3600,
})
