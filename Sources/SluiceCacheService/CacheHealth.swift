import Foundation
import SluiceCache

/// How a cache is, found out by using it.
public struct CacheHealth: Sendable, Hashable, Codable {
  /// In the order of trouble.
  public enum Status: String, Sendable, CaseIterable, Codable, Comparable {
    /// The store took a value, gave it back and deleted it.
    case healthy
    /// It can be used, but not as it should be: memory stands in for Redis, or a value came back otherwise.
    case degraded
    /// The store cannot be used. The cache itself goes on: everything is a miss.
    case unhealthy

    public static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }
    private var rank: Int { Status.allCases.firstIndex(of: self) ?? 0 }
  }

  public var status: Status
  /// Why it is not healthy, a sentence each, without secrets; empty if it is.
  public var reasons: [String]
  /// Seconds that writing, reading and deleting took together; nil if they were not all done.
  public var seconds: Double?

  public init(status: Status, reasons: [String] = [], seconds: Double? = nil) {
    self.status = status
    self.reasons = reasons
    self.seconds = seconds
  }

  /// Writes a key of its own, reads it from the store itself (a tier before it would hide that Redis is away), and deletes it.
  ///
  /// - Parameter fallback: why memory stands in for Redis, if it does.
  public static func check(_ cache: any Cache, fallback: CacheError? = nil) async -> CacheHealth {
    let key = "sluice:health:\(UUID().uuidString)"
    let value = CacheValue.string("health_check_value")
    let start = ContinuousClock.now
    guard await cache.set(key, to: value, ttl: .seconds(60)) else {
      return CacheHealth(
        status: .unhealthy, reasons: ["the store did not take a write; see whether it is up and not full"])
    }
    var reasons = fallback.map { ["memory stands in for Redis: \($0.message)"] } ?? []
    do throws(CacheError) {
      let found = try await cache.storedValue(for: key)
      if found != value {
        reasons.append("a value that was written came back as \(found == nil ? "nothing" : "something else")")
      }
    } catch {
      return CacheHealth(
        status: .unhealthy, reasons: reasons + ["the store could not be read: \(error.message)"])
    }
    if await !cache.delete(key) { reasons.append("a key that was written could not be deleted") }
    return CacheHealth(
      status: reasons.isEmpty ? .healthy : .degraded, reasons: reasons,
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }
}
