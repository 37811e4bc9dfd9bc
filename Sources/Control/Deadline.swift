import SluiceLocks

/// Work that is not waited for for ever.
enum Deadline {
  /// What `work` returns; nil if that takes longer. The work is not stopped: it may be where nothing can stop it.
  static func within<Result: Sendable>(
    _ limit: Duration, _ work: @escaping @Sendable () async -> Result
  ) async -> Result? {
    await withCheckedContinuation { (continuation: CheckedContinuation<Result?, Never>) in
      let once = Once(continuation)
      let timer = Task {
        try? await ContinuousClock().sleep(for: limit)
        if !Task.isCancelled { once.resume(nil) }
      }
      Task {
        once.resume(await work())
        timer.cancel()
      }
    }
  }

  private final class Once<Result: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Result?, Never>?>

    init(_ continuation: CheckedContinuation<Result?, Never>) { self.continuation = Mutex(continuation) }

    func resume(_ result: Result?) {
      continuation.withLock { continuation in
        defer { continuation = nil }
        return continuation
      }?.resume(returning: result)
    }
  }
}
