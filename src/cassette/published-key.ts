/**
 * A key that anybody may read, and so nobody may trust: what it signs is not from any server. The tokens of cassettes are signed
 * with it, so that checks of signatures pass offline. Its id says what it is, wherever it turns up.
 */
export const publishedKeyId = 'ropc-client-published-test-key'

/** RFC 7517 §4, RFC 7518 §6.3: the private key. */
export const publishedPrivateJwk: Readonly<Record<string, string>> = {
  kty: 'RSA',
  n: '1w68BUwXgeiQWIFfyw47U4eOD-wkYlmNhqF6tu1QUqU5PcvzLfnpnCE5y-FFWz1U2jiJjbCrwSiPmHSurSVTSe5zc38xtOiTbC0emR0XbW7npE4rCFKzQ6uPyUgejo2mF7KoIFimWeZwrgZaHf3bMA-r7N_YmWS95Wu-P-reNN7fjfyvNdj_6Mlr8FX58yXiUIX5uqut8DCdM7c2G0VVtRgf5hMKxxT1GrF85Olr7DKFFL8oUjH7cfgmav0rr-4IYPDf7veOgFLSm2ptq57Rmifo83ZG6i42JYoz6Z2bUgezyiJX0c2XFZsXn6Z_gXoLH_aryOjYsjxb-h6dn9DXMw',
  e: 'AQAB',
  d: 'DQJmrFlciK7FYJ0-6r0rKJPoK51o3Aw3y_-juUIk3EMDcfIO_WaDU78MzIENnYXZxrOp2ojn8vDdsubIFFBQOAY1NLTqkFuLY31dPvzsCGIvoBhccQ3zqzHLKm1y78Ow2vkjQ4WpVoHiqhxXQj4zjrY7-8HUy_60oBbC9QHjvEXszF1D6myd_nJHocZ2jXoroTQxsGg-mGYzfHaTc-ly48c_4Vp_uGYflNde-aY5fOTy5dnxSPzSCavuOLop-qfz7lcXrgB63Grwq_E_DJmu9pTSM9kC9bKpkLBPQkq8MVD3UrsPKwXvw7cX7zKvJG952IMSFb-_PhB75Y-NNhc19Q',
  p: '9Xjgjz9NFGU2WWFqpEWI9L4ifliiAvYnE5mLbtfLeswd2do_rBCi8vfmuR_aYcj5l6RNn3ofHeRM9ZPQajSWtg7I1Ksn-dGip8fc3a-nywealcV2_T6T7g_UzWBIkwbsaehs_Sl8n5nEcYPMIxjeo-2iawKDWWFTW8aDcmjvYa0',
  q: '4Efsvg7bME_-xnzVKjlufjlBv9suYKTQXY2Cu0D2yNjj0wCpjduNfEc23zZGVmxKePZYmbwCht1SWFlcjw_U0FD-Gj1gIvGIvVmtNCvUs3MmszBfYoy6lVsqP7iyZ_SA-3HoX5eNhIiqV5Gw8pkPvuM7g-kNAB6HTeFPog1M-F8',
  dp: 'gRYwASSoxDD1g8tW6Uwn2YyjVw4FJMmNgyEb0g5pUwpEKGw9T57wEhWLn47AqOunVbdxmov-ERod3ob88tz05Iih1DStsRItF05jN7FH69zzzg8po8Nkx6xLnDUl9SuO56Lyra9DeirCw28ryskpS8uLvfp0WGx2Ca07Ms88E4E',
  dq: 'YQT8FmNa0hVowvgxRii98YBXPuVTtJ7XPAEBMnuxxcR9GUPKFQGKvN4ZkIlr9-q0dIssXKSF-002V92gOorAprTClxtBwRv26OIoGM91HYOMlCsyt_DkrcNYDWSaWHneaecmfGOU5mYwOd1eTDOGKi8mCbQA2bJbGYeD6TgTucU',
  qi: 'KD-FYYlvy6DTFW2B2MLk61n0PYcbQAF3Hu7lZyJJTTgmWekV0VixyXvW_mC4OiBa2oRHianwe8CGyvTqdWBROuFgkEGIwDh2pCqJaN6C_NDvq3HfYfS0ZTY3ddyeLKcBQkbRaOHdFECo9oK9ArC02SL6J9UntDcIyKhNW4FZuhg',
}

/** The set of keys that the tokens of cassettes verify with, as a server would publish it. */
export function publishedJwks(): { readonly keys: readonly Readonly<Record<string, string>>[] } {
  const { kty = '', n = '', e = '' } = publishedPrivateJwk
  return { keys: [{ kty, use: 'sig', alg: 'RS256', kid: publishedKeyId, n, e }] }
}
