const brand: unique symbol = Symbol.for('ropc-client.Secret') as never
const redacted = '[redacted]'

/**
 * A password, assertion or token on its way. Prints, inspects and serialises as `[redacted]`; the text comes out of
 * {@link Secret.reveal} only. It keeps a secret out of logs, not out of memory: a JavaScript string cannot be wiped.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    // An own, non-enumerable mark: two installed copies of the package recognise each other's secrets.
    Object.defineProperty(this, brand, { value: true })
  }

  /** Wraps a string; a `Secret` (of any installed copy) comes back as it is. */
  static from(value: string | Secret): Secret {
    return typeof value === 'string' ? new Secret(value) : value
  }

  /** Recognises a `Secret` of this or another installed copy of the package. */
  static is(value: unknown): value is Secret {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true
  }

  /** The secret text. Call it only where wire bytes are made. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }
}

// Not a method in the class body: isolated declarations cannot name Node's inspection symbol there.
Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => redacted })
