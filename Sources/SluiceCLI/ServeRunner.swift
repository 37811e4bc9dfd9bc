import Foundation
import Logging
import ServiceLifecycle
import SluiceControl
import UnixSignals

/// Runs the proxy as a service until a signal ends it.
struct ServeRunner {
  let logger: Logger

  /// Returns when the service has ended: by itself, or drained after SIGTERM or SIGINT.
  /// SIGPIPE is ignored: a reader of the log that goes away must not end the proxy.
  func run(_ service: some Service, reload: @escaping @Sendable () -> Void) async throws {
    signal(SIGPIPE, SIG_IGN)
    CutFiles.survive()
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let configuration = ServiceGroupConfiguration.ServiceConfiguration(
      service: service, successTerminationBehavior: .gracefullyShutdownGroup)
    let group = ServiceGroup(configuration: .init(services: [configuration], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        var plan = SignalPlan()
        for await signal in signals {
          switch plan.received(signal) {
          case .reload: reload()
          case .drain: await group.triggerGracefulShutdown()
          case .end(let code): _exit(code)
          }
        }
      }
      defer { tasks.cancelAll() }
      try await group.run()
    }
  }
}

/// What a signal means: the first to end drains, the second one kills, SIGHUP reads the flags file.
struct SignalPlan {
  /// What to do next.
  enum Action: Equatable {
    case reload
    case drain
    /// End the process now, with the code that a shell gives to a killed one.
    case end(code: Int32)
  }

  private var isDraining = false

  mutating func received(_ signal: UnixSignal) -> Action {
    guard signal != .sighup else { return .reload }
    guard !isDraining else { return .end(code: 128 + signal.rawValue) }
    isDraining = true
    return .drain
  }
}
