import Foundation
import SluiceLoadGenerator

/// Why a test could not go on; a sentence for a person.
public struct TestFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Asks again and again, every five milliseconds, until `condition` holds; for states that come by themselves.
///
/// A condition that throws counts as not yet true, and what it threw last is told at the end.
///
/// - Throws: ``TestFailure`` naming `what` when the time is over.
public func eventually(
  within limit: Duration = .seconds(20), _ what: @autoclosure () -> String, _ condition: () throws -> Bool
) throws {
  let deadline = MonotonicClock.now() + UInt64(limit / .nanoseconds(1))
  var last: (any Error)?
  while true {
    do {
      if try condition() { return }
      last = nil
    } catch {
      last = error
    }
    guard MonotonicClock.now() < deadline else {
      throw TestFailure("not within \(limit): \(what())\(last.map { " (\($0))" } ?? "")")
    }
    usleep(5000)
  }
}
