/// Bytes that are written at the end and read from the front; what was read makes room again.
///
/// A value: a slice shares the storage with what it was taken from, and whoever writes then has a storage of its own. The room is kept
/// when everything was read, so that a queue which fills and empties allocates nothing.
package struct Bytes: @unchecked Sendable {
  private final class Storage {
    let base: UnsafeMutablePointer<UInt8>
    let capacity: Int

    init(capacity: Int) {
      base = .allocate(capacity: capacity)
      self.capacity = capacity
    }

    deinit { base.deallocate() }
  }

  private var storage: Storage?
  private var start = 0
  private var end = 0

  package init() {}

  package init(_ bytes: [UInt8]) { append(bytes.span) }

  package var count: Int { end &- start }
  package var isEmpty: Bool { end == start }
  /// What the storage has room for, including the bytes that were read.
  package var capacity: Int { storage?.capacity ?? 0 }

  package var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      guard let storage, end > start else { return Span() }
      let span = Span(_unsafeStart: UnsafePointer(storage.base + start), count: end &- start)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  package mutating func append(_ bytes: Span<UInt8>) {
    let count = bytes.count
    guard count > 0 else { return }
    if !isKnownUniquelyReferenced(&storage) || storage.unsafelyUnwrapped.capacity &- end < count {
      makeRoom(for: count)
    }
    let target = storage.unsafelyUnwrapped.base + end
    bytes.withUnsafeBufferPointer { target.update(from: $0.baseAddress.unsafelyUnwrapped, count: count) }
    end &+= count
  }

  package mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

  /// What was read goes, and if that is not enough the storage grows to twice what is there.
  @inline(never)
  private mutating func makeRoom(for more: Int) {
    let count = count
    if isKnownUniquelyReferenced(&storage), let storage, storage.capacity &- count >= more, start >= count {
      storage.base.update(from: storage.base + start, count: count)
    } else {
      let needed = count + more
      let fresh = Storage(capacity: max(256, (needed - 1).nextPowerOf2))
      if let storage { fresh.base.update(from: storage.base + start, count: count) }
      storage = fresh
    }
    (start, end) = (0, count)
  }

  /// Room for so many bytes more, in one step: for a value that comes in pieces and whose length is known.
  package mutating func reserve(_ more: Int) {
    if !isKnownUniquelyReferenced(&storage) || storage.unsafelyUnwrapped.capacity &- end < more {
      makeRoom(for: more)
    }
  }

  /// Reads so many bytes. A burst does not cost its memory for ever.
  package mutating func drop(_ length: Int) {
    start &+= length
    if start == end { clear() }
  }

  /// Nothing is there; the room is, if it is no more than a mebibyte.
  package mutating func clear() {
    (start, end) = (0, 0)
    if let storage, storage.capacity > 1 << 20 { self.storage = nil }
  }

  /// The `length` bytes that begin `offset` bytes behind the front, without a copy.
  package func slice(at offset: Int, length: Int) -> Bytes {
    var slice = self
    slice.start = start &+ offset
    slice.end = slice.start &+ length
    return slice
  }

  /// Reads the `length` bytes at the front and returns them, without a copy.
  package mutating func take(_ length: Int) -> Bytes {
    let front = slice(at: 0, length: length)
    drop(length)
    return front
  }
}

extension Int {
  /// The smallest power of two that is more than the number.
  fileprivate var nextPowerOf2: Int { 1 << (Int.bitWidth - leadingZeroBitCount) }
}
