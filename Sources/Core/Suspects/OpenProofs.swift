import SluiceRESP

/// Which keys have a proof that was not answered yet, by a coarse hash: a key that is not among them certainly has none.
struct OpenProofs {
  private static let slots = 1024
  private var counts = [UInt32](repeating: 0, count: OpenProofs.slots)
  /// Proofs about several keys at once; they count for every key.
  private var wide: UInt32 = 0
  /// All of them.
  private(set) var total: UInt32 = 0

  /// The mark of a proof about this one key; of one about several it is `several`.
  static func mark(of key: Span<UInt8>) -> UInt32 {
    UInt32(truncatingIfNeeded: Digest(key).value % UInt64(slots))
  }

  static let several = UInt32.max

  mutating func opened(_ mark: UInt32) {
    total &+= 1
    if mark == OpenProofs.several { wide &+= 1 } else { counts[Int(mark) % OpenProofs.slots] &+= 1 }
  }

  mutating func closed(_ mark: UInt32) {
    total &-= 1
    if mark == OpenProofs.several { wide &-= 1 } else { counts[Int(mark) % OpenProofs.slots] &-= 1 }
  }

  func mayHave(_ key: Span<UInt8>) -> Bool { wide > 0 || counts[Int(OpenProofs.mark(of: key))] > 0 }
}
