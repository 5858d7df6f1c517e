/** Name and version this package gives itself on the wire (`x-client-sku`, `x-client-ver`). A test compares it with package.json. */
export const product: { readonly name: string; readonly version: string } = { name: 'ropc-client', version: '0.1.0' }

/** Headers of every request to Entra: who asks, and an id that both sides log. */
export function productHeaders(correlationId: string): Record<string, string> {
  return {
    'client-request-id': correlationId,
    'return-client-request-id': 'true',
    'x-client-sku': product.name,
    'x-client-ver': product.version,
  }
}
