/** The order in which Java’s HashMap goes through these keys: it depends on nothing but the keys and how many they are. */
export function hashOrder(keys: readonly string[]): readonly string[] {
  let buckets = 16
  while (keys.length > buckets * 0.75) buckets *= 2
  const bucketOf = (key: string): number => {
    const hash = [...Array(key.length).keys()].reduce((sum, at) => (Math.imul(sum, 31) + key.charCodeAt(at)) | 0, 0)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return keys.toSorted((a, b) => bucketOf(a) - bucketOf(b))
}
