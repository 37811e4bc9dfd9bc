extension CacheValue {
  /// About how many bytes the value takes in memory, for the bounds of caches: text and names at their
  /// length, sixteen bytes for whatever else there is.
  var approximateBytes: Int {
    switch self {
    case .null, .bool, .int, .double: 16
    case .string(let text): 16 + text.utf8.count
    case .array(let elements): elements.reduce(16) { $0 + $1.approximateBytes }
    case .object(let members): members.reduce(16) { $0 + $1.key.utf8.count + 32 + $1.value.approximateBytes }
    }
  }
}
