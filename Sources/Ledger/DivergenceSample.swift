import Foundation
import SluiceFigures

/// One divergence, as evidence: two replies by their digests, and where they part.
public struct DivergenceSample: Sendable {
  /// What is known of one stack's reply.
  public struct Reply: Sendable {
    public var digest: UInt64
    /// Bytes of the reply.
    public var length: Int
    /// The reply's first bytes; cut to ``LedgerConfiguration/previewBytes``.
    public var preview: [UInt8]?

    public init(digest: UInt64, length: Int, preview: [UInt8]? = nil) {
      self.digest = digest
      self.length = length
      self.preview = preview
    }
  }

  public var at: Date
  public var kind: DivergenceKind
  /// The command's number, as in ``LaneFigures``.
  public var command: UInt16
  public var key: [UInt8]
  /// nil if the stack did not reply.
  public var legacy: Reply?
  /// nil if the stack did not reply.
  public var new: Reply?
  /// Offset of the first byte that differs; nil if it is not known.
  public var firstDifference: Int?

  public init(
    at: Date, kind: DivergenceKind, command: UInt16, key: [UInt8], legacy: Reply?, new: Reply?,
    firstDifference: Int? = nil
  ) {
    self.at = at
    self.kind = kind
    self.command = command
    self.key = key
    self.legacy = legacy
    self.new = new
    self.firstDifference = firstDifference
  }
}
