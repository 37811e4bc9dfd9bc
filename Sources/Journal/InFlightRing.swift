import Glibc
import Synchronization

/// The keys of the writes that one stack was asked as their primary and whose end at the mirror is not known yet: a ring of
/// records in memory that is mapped to a file, so that it is still there when the process is not.
///
/// Writes end in the order in which they began: the primary answers in order, and the mirror repeats in that order. So a
/// write's place in the ring is all it takes to know which records are done with.
///
/// What a reader finds after `kill -9` is what the process had stored: the kernel keeps the pages. A record is stored
/// before `head` says that it is there, and a fence keeps the compiler from turning that round.
struct InFlightRing {
  /// Bytes before the records: `head`, `tail` and `lost`, a word each, on a cache line of their own.
  static let headerBytes = 64

  /// Owned by `LaneJournal`, which unmaps it after the last use.
  private let base: UnsafeMutableRawPointer
  /// A power of two.
  private let capacity: UInt64
  /// Where the next record goes and where the oldest begins: bytes ever stored and bytes ever done with.
  private var head: UInt64 = 0
  private var tail: UInt64 = 0
  /// What `tail` becomes with the next `commit`.
  private var done: UInt64 = 0
  /// A write found no room when `head` stood here.
  private var lostAt: UInt64?

  init(at base: UnsafeMutableRawPointer, capacity: Int) {
    self.base = base
    self.capacity = UInt64(capacity)
  }

  static func bytes(capacity: Int) -> Int { headerBytes + capacity }

  /// Records one key. The position, in its lower half, is what `retire` takes when the write is through.
  mutating func record(_ key: Span<UInt8>) -> UInt32 {
    let need = UInt64((key.count &+ 7) & ~3)
    guard head &- tail &+ need <= capacity else {
      return lose()
    }
    let records = base + Self.headerBytes
    let start = Int(head & (capacity &- 1))
    (records + start).storeBytes(of: UInt32(truncatingIfNeeded: key.count), as: UInt32.self)
    // The length never wraps, for records begin at multiples of four; the key may.
    let place = (start &+ 4) & Int(capacity &- 1)
    let first = min(key.count, Int(capacity) &- place)
    key.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      memcpy(records + place, source, first)
      if first < bytes.count { memcpy(records, source + first, bytes.count &- first) }
    }
    head &+= need
    atomicMemoryFence(ordering: .releasing)
    base.storeBytes(of: head, as: UInt64.self)
    return UInt32(truncatingIfNeeded: head)
  }

  /// A write whose keys cannot be recorded, or for whose record there is no room: until it is through, nobody could say
  /// which keys are in doubt.
  mutating func lose() -> UInt32 {
    lostAt = head
    base.storeBytes(of: 1, toByteOffset: 16, as: UInt64.self)
    return UInt32(truncatingIfNeeded: head)
  }

  /// Everything up to `position` is through, from the next `commit` on.
  mutating func retire(_ position: UInt32) {
    let ahead = UInt64(position &- UInt32(truncatingIfNeeded: done))
    guard ahead <= head &- done else { return }
    done &+= ahead
  }

  /// Nothing is in flight.
  mutating func retireAll() {
    done = head
    if lostAt != nil { found() }
  }

  mutating func commit() {
    guard tail != done else { return }
    tail = done
    base.storeBytes(of: tail, toByteOffset: 8, as: UInt64.self)
    // Records behind the lost one are through, so the lost one is.
    if let lostAt, tail > lostAt { found() }
  }

  private mutating func found() {
    lostAt = nil
    base.storeBytes(of: 0, toByteOffset: 16, as: UInt64.self)
  }

  /// The keys that a process which is no more has left in a ring; nil if it had lost count of them.
  static func keys(in bytes: Span<UInt8>, capacity: Int) -> [[UInt8]]? {
    let raw = bytes.bytes
    let head = raw.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    var position = raw.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let lost = raw.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self)
    guard lost == 0, position <= head, head - position <= UInt64(capacity) else { return nil }
    let mask = UInt64(capacity - 1)
    var keys: [[UInt8]] = []
    while position < head {
      let start = Int(position & mask)
      guard start + 4 <= capacity else { return nil }
      let length = Int(raw.unsafeLoadUnaligned(fromByteOffset: headerBytes + start, as: UInt32.self))
      let need = UInt64((length + 7) & ~3)
      guard need <= head - position else { return nil }
      keys.append(
        (0..<length).map { bytes[headerBytes + Int((position + 4 + UInt64($0)) & mask)] })
      position += need
    }
    return keys
  }
}
