import SluiceFigures
import SluiceRESP
import SluiceRouting
import SluiceTLSSettings

/// What the data plane has to tell; reported on a loop, so whoever listens must be quick.
public enum ProxyEvent: Sendable {
  case health(StackID, StackHealth, lane: Int)
  case divergence(Divergence)
  /// A stack answered a command that it is in trouble: a sample of its words, without a line's end.
  case trouble(StackID, command: UInt16, words: String)
  /// All clients together held more than they may, and the greediest was closed; sizes in bytes.
  case memoryIsShort(client: String, held: Int, limit: Int)
  /// Every slot is taken, and one more client was told so.
  case turnedAway(maximum: Int)
  /// One more client of an address that has as many as it may have, and was told so.
  case turnedAwayByAddress(String, maximum: Int)
  /// A client's hand-shake at a door that speaks TLS came to nothing; `words` are those of TLS.
  case refusedByTLS(TLSRefusal, words: String, client: String)
  /// A connection could not be taken, for want of descriptors or memory; it waits in the kernel.
  case notAccepted(errno: Int32)
}

/// Two replies to one read that differ and still differed when asked again, or one that never came (design, section 6).
public struct Divergence: Sendable {
  public let kind: DivergenceKind
  /// The command's row in the table.
  public let command: UInt16
  /// The key that differs, or the command's first where that is not known.
  public let key: [UInt8]
  /// nil: no answer.
  public let legacy: Answer?
  /// nil: no answer.
  public let new: Answer?
  /// Distance from the start of the replies to the first byte that differs; nil if it is not known.
  public let firstDifference: Int?

  /// What is known of one stack's reply.
  public struct Answer: Sendable {
    public let length: Int
    public let digest: UInt64
    /// The reply; nil where it was not kept.
    public let bytes: [UInt8]?

    init(length: Int, digest: UInt64, bytes: [UInt8]? = nil) {
      self.length = length
      self.digest = digest
      self.bytes = bytes
    }

    init(_ reply: [UInt8]) {
      self.init(length: reply.count, digest: Digest(reply.span).value, bytes: reply)
    }
  }
}
