/** Users by their last use, with what each weighs: for a store that may not grow without end. */
export interface Recency {
  readonly users: number
  readonly bytes: number
  /** Makes the user the last used one, if known. */
  touch(partition: string): void
  /** The same, for a user who may be new or weigh something else now. */
  put(partition: string, bytes: number): void
  remove(partition: string): void
  /** The user whose last use is the longest ago. */
  oldest(): string | undefined
}

interface Link {
  readonly partition: string
  bytes: number
  older: Link
  newer: Link
}

/** A ring of links: moving one to its end costs the same however many there are. */
export function createRecency(): Recency {
  const links = new Map<string, Link>()
  const end = {} as Link
  end.older = end
  end.newer = end
  let bytes = 0

  function takeOut(link: Link): void {
    link.older.newer = link.newer
    link.newer.older = link.older
  }

  function append(link: Link): void {
    link.older = end.older
    link.newer = end
    end.older.newer = link
    end.older = link
  }

  function touch(partition: string): void {
    const link = links.get(partition)
    if (link === undefined) return
    takeOut(link)
    append(link)
  }

  return {
    get users() {
      return links.size
    },
    get bytes() {
      return bytes
    },
    touch,
    put(partition, weight) {
      touch(partition)
      const known = links.get(partition)
      bytes += weight - (known?.bytes ?? 0)
      if (known !== undefined) {
        known.bytes = weight
        return
      }
      const link: Link = { partition, bytes: weight, older: end, newer: end }
      links.set(partition, link)
      append(link)
    },
    remove(partition) {
      const link = links.get(partition)
      if (link === undefined) return
      takeOut(link)
      links.delete(partition)
      bytes -= link.bytes
    },
    oldest() {
      return end.newer === end ? undefined : end.newer.partition
    },
  }
}
