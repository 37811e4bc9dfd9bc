import Glibc

/// Small things over bytes that the layers share.
extension Span where Element == UInt8 {
  func holdsSameBytes(as other: Span<UInt8>) -> Bool {
    count == other.count && starts(with: other)
  }

  func starts(with prefix: Span<UInt8>) -> Bool {
    guard count >= prefix.count else { return false }
    return withUnsafeBytes { own in
      prefix.withUnsafeBytes { other in
        // An empty span may have no address at all.
        guard let left = own.baseAddress, let right = other.baseAddress else { return true }
        return memcmp(left, right, other.count) == 0
      }
    }
  }
}

extension [UInt8] {
  init(copying span: Span<UInt8>) {
    self = span.withUnsafeBytes { Array($0) }
  }

  mutating func append(copying span: Span<UInt8>) {
    span.withUnsafeBytes { append(contentsOf: $0) }
  }
}
