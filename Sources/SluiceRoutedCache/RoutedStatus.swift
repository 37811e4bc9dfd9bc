import Foundation
import SluiceFlags

/// What a ``RoutedCache`` does now, in the words and the shape of `sluice status`. Encodes as JSON.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
public struct RoutedStatus: Sendable, Codable, Equatable {
  public struct Flags: Sendable, Codable, Equatable {
    public var path: String?
    public var version: String
    /// What is wrong with the file; the last good one is in force.
    public var error: String?
  }

  public struct Stack: Sendable, Codable, Equatable {
    public var operations: UInt64
    public var hits: UInt64
    public var misses: UInt64
    public var errors: UInt64
    /// Keys on which the stack may be wrong; they are repaired, and never served. `Int.max` is all keys.
    public var suspects: Int
    /// Writes that the stack has yet to repeat.
    public var mirror_queue: Int
    public var p50_us: UInt64
    public var p99_us: UInt64
  }

  public struct Compare: Sendable, Codable, Equatable {
    public var matched: UInt64
    public var superseded: UInt64
    public var diverged: UInt64
    public var dropped: UInt64
    public var kinds: [String: UInt64]
    /// `pass`, `cold`, `differs` or `hold`, by the account of the routing in force; zero of zero is `hold`.
    public var verdict: String
    /// Differences that are known and not closed, under whatever routing they were seen.
    public var open: UInt64
    /// Why no step up is taken until somebody answers for it, or nil.
    public var paused: String?
    /// Why the present step was taken ahead of its gates, or nil.
    public var forced: String?
  }

  public struct Mirror: Sendable, Codable, Equatable {
    public var writes: UInt64
    public var dropped_writes: UInt64
    public var errors: UInt64
  }

  /// As the flags say.
  public var stage: String
  /// In force: another one while rolled back.
  public var effective_stage: String
  /// The share of keys of the new stack; nil when it depends on rules.
  public var percent: Double?
  public var rolled_back: Bool
  /// Why the latch is set.
  public var rollback: Rollback?
  /// Why the latch file is not there although the latch is set, or nil.
  public var latch_error: String?
  /// Why a restart would forget what is in force, rollback included, or nil.
  public var memory_error: String?
  public var flags: Flags
  public var stacks: [String: Stack]
  public var compare: Compare
  public var mirror: Mirror
  /// Why no evidence is kept, or nil.
  public var ledger_error: String?
  /// Why suspects end with this process though there is a ledger, or nil.
  public var journal_error: String?
}
