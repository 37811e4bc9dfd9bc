/// Replies that a client has not taken, and what it costs.
///
/// As long as the kernel takes nothing, a few writes wait in the socket and everything else here, in one piece: a client that reads
/// nothing costs what it was sent, and not a buffer for each turn.
struct ClientBacklog {
  private var bytes = Bytes()
  /// Bytes of replies that were ever given to this client.
  private var given = 0
  /// How many of them the client's own kernel had taken when its patience was last checked, and since when it has taken none; 0: not so.
  private var taken = 0
  private(set) var stalledSince: UInt64 = 0
  /// What was last said to the lane: bytes that this client holds.
  var weight = 0
  /// The connection is gone: nothing is weighed any more.
  var isGone = false
  /// So much is unread that the client is not read either.
  var isTooMuch = false

  /// We are told when the kernel has taken what the socket holds.
  var isAwaited = false
  /// Writes since the socket was last asked what it holds.
  private var unseenWrites: UInt8 = 0

  /// As many small writes may wait in the socket: to ask it before each one costs more than they do.
  private static let mostUnseenWrites: UInt8 = 16

  /// Weights are said in steps of this many bytes, but for the look once a second.
  static let grain = 1 << 14

  var isEmpty: Bool { bytes.count == 0 }
  var count: Int { bytes.count }

  mutating func wasGiven(_ count: Int) { given &+= count }

  /// False after each so many writes: the socket is to be asked.
  mutating func mayWriteUnseen() -> Bool {
    unseenWrites += 1
    guard unseenWrites > ClientBacklog.mostUnseenWrites else { return true }
    unseenWrites = 0
    return false
  }

  mutating func append(_ more: Span<UInt8>) { bytes.append(more) }

  mutating func take() -> Bytes {
    defer { bytes = Bytes() }
    return bytes
  }

  /// - Parameters:
  ///   - unread: bytes that wait here and in the socket.
  ///   - inKernel: bytes that wait in our kernel.
  mutating func checked(at now: UInt64, unread: Int, inKernel: Int) {
    let taken = given &- unread &- inKernel
    if unread == 0 {
      stalledSince = 0
    } else if stalledSince == 0 || taken != self.taken {
      stalledSince = now
    }
    self.taken = taken
  }
}
