import Foundation
import SluiceRouting

/// What is behind a stack, from when on.
public struct ServerRecord: Sendable, Equatable {
  public var at: Date
  public var stack: StackID
  /// `Redis`, `Valkey`, or another one's own name.
  public var server: String
  /// Empty if it does not tell.
  public var version: String
  /// Of its dumps; nil if that is not known.
  public var stamp: UInt16?

  public init(at: Date = Date(), stack: StackID, server: String, version: String, stamp: UInt16?) {
    self.at = at
    self.stack = stack
    self.server = server
    self.version = version
    self.stamp = stamp
  }
}
