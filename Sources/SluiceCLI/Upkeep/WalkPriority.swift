import Foundation

/// Whoever serves clients on this machine comes first.
///
/// What each brings is in docs/benchmarks.md: a warm-up sleeps most of the time, and gains nothing by less than a niceness of 10; `verify`
/// compares as fast as it can, and a client beside it waits a half to a third of what it did.
enum WalkPriority {
  /// - Parameter status: what `STATUS` has told; nil without a proxy.
  static func lowerForWarm(_ status: JSONValue?) {
    guard hasClients(status) else { return }
    _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, 10)
  }

  static func lowerForVerify(_ status: JSONValue?) {
    guard hasClients(status) else { return }
    #if os(Linux)
      // `SCHED_IDLE` (sched(7)): runs where a processor would be idle. Refused, it goes on as before.
      var parameters = sched_param()
      _ = sched_setscheduler(0, 5, &parameters)
    #endif
  }

  private static func hasClients(_ status: JSONValue?) -> Bool {
    (status?["clients"]["connected"].number ?? 0) > 0
  }
}
