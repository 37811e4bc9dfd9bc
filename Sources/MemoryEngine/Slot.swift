/// One entry of the store, in place in the slab: no heap node but the bytes themselves.
struct Slot {
  /// The key, then the value: one allocation for both.
  var bytes: [UInt8]
  /// Milliseconds since 1970, or `Slot.noExpiry`.
  var expiresAt: Int64
  /// The length of the key in `bytes`; -1 marks a slot that is free.
  var keyLength: Int32
  /// The low half of the keyed hash of the key.
  var hash: UInt32
  /// The neighbour that was used after this one, -1 for the newest.
  var newer: Int32
  /// The neighbour that was used before this one, -1 for the oldest; in a free slot the next free one.
  var older: Int32
  /// Seconds since 1970 of the last use, for `OBJECT IDLETIME`.
  var usedAt: UInt32
  var encoding: Encoding
  /// The value, if it is no string; then `bytes` is the key alone.
  var collection: Collection?

  static let noExpiry: Int64 = -1

  /// What `OBJECT ENCODING` must know beyond the bytes, because Redis remembers how a value came to be.
  enum Encoding: UInt8 {
    /// As `SET` stores it: `int` if it is an integer, else `embstr` up to 44 bytes, else `raw`.
    case stored
    /// As `INCRBYFLOAT` leaves it: never `int`.
    case text
    /// As `APPEND` and `SETRANGE` leave it: always `raw`.
    case raw
  }

  var isFree: Bool { keyLength < 0 }
  /// Where the value starts in `bytes`.
  var valueStart: Int { Int(keyLength) }
  var keyRange: Range<Int> { 0..<Int(keyLength) }
  var valueRange: Range<Int> { Int(keyLength)..<bytes.count }
  var valueCount: Int { bytes.count - Int(keyLength) }
  /// What the entry costs beside the fixed part.
  var weight: Int { bytes.count + (collection?.counted ?? 0) }

  func hasKey(_ key: Span<UInt8>) -> Bool { Int(keyLength) == key.count && key.isPrefix(of: bytes.span) }

  func withKey<Result>(_ body: (Span<UInt8>) -> Result) -> Result { body(bytes.span.extracting(keyRange)) }

  func withValue<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    body(bytes.span.extracting(valueRange))
  }
}
