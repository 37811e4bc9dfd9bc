import Dispatch

extension DispatchQueue {
  /// Runs blocking work on this queue and hands its result to an async caller.
  func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      async { continuation.resume(with: Swift.Result { try work() }) }
    }
  }
}
