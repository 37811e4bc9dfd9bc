import SluiceCacheLayers

/// The keys of one write on its way.
final class WriteMark {
  /// Their places in the `WriteTable`.
  var slots: [Int] = []
  /// As the endpoint knows them; kept only where the endpoint's loss must be answered for.
  var keys: [[UInt8]] = []
  /// The keys cannot be told, or are all there are.
  var isEverything = false
}

/// Which keys are being written: what keeps an old value out of L1.
///
/// A fill takes two steps, `GET` and its reply, and a write may run between them, ahead of them or on another
/// connection:
///
/// ```
///   A: SET k 2 ──────────────▶ acknowledged            (L1 forgot k when it was sent)
///   B:      GET k ──▶ 1                  fill k = 1    ✗ written when asked: no fill
///   B: GET k ──▶ 1       SET k 2 by A    fill k = 1    ✗ written since: no fill
/// ```
///
/// So a read fills only if no write of its key was on its way when it was sent, and none was sent until its reply.
/// Keys share 4096 places by their hash; two that meet cost a fill, never a wrong value.
struct WriteTable {
  /// What a read must find unchanged when it fills.
  struct Stamp: Equatable {
    fileprivate let slot: Int
    fileprivate let sent: UInt64
    fileprivate let epoch: UInt64
  }

  private var underWay = [UInt32](repeating: 0, count: places)
  private var sent = [UInt64](repeating: 0, count: places)
  private var everythingUnderWay = 0
  private var epoch: UInt64 = 0

  private static let places = 4096

  static func slot(of key: Span<UInt8>) -> Int {
    var hasher = Hasher()
    key.withUnsafeBytes { hasher.combine(bytes: $0) }
    return hasher.finalize() & (places - 1)
  }

  mutating func began(_ mark: WriteMark) {
    if mark.isEverything {
      everythingUnderWay += 1
      epoch &+= 1
    }
    for slot in mark.slots {
      underWay[slot] &+= 1
      sent[slot] &+= 1
    }
  }

  mutating func ended(_ mark: WriteMark) {
    if mark.isEverything {
      everythingUnderWay -= 1
      epoch &+= 1
    }
    for slot in mark.slots { underWay[slot] &-= 1 }
  }

  /// No read that was sent before now may fill.
  mutating func forgetReads() { epoch &+= 1 }

  /// What a read remembers; nil while its key is being written.
  func stamp(for key: Span<UInt8>) -> Stamp? {
    let slot = WriteTable.slot(of: key)
    guard underWay[slot] == 0, everythingUnderWay == 0 else { return nil }
    return Stamp(slot: slot, sent: sent[slot], epoch: epoch)
  }

  func isCurrent(_ stamp: Stamp) -> Bool {
    sent[stamp.slot] == stamp.sent && epoch == stamp.epoch
  }
}
