import Foundation
import SluiceLocks

/// A load that is running: started by ``start(_:)``, ended by its plan or by ``stop()``.
public final class LoadRun: Sendable {
  /// What the threads of one run share.
  final class Shared: Sendable {
    let stopping = Atomic(false)
    let commands = Atomic(0)
    let result = Mutex(LoadResult())
    let threads = DispatchGroup()
  }

  private let shared = Shared()

  private init() {}

  /// Starts the threads of a plan and returns at once; a failure to connect is in the result.
  public static func start(_ plan: LoadPlan) -> LoadRun {
    let run = LoadRun()
    for index in 0..<plan.threads {
      run.shared.threads.enter()
      let thread = Thread { [shared = run.shared] in
        let result = LoadWorker(plan, thread: index, shared: shared).run()
        shared.result.withLock { $0.add(result) }
        shared.threads.leave()
      }
      thread.name = "load-\(index)"
      thread.start()
    }
    return run
  }

  /// Runs a plan to its end.
  public static func run(_ plan: LoadPlan) -> LoadResult {
    start(plan).finish()
  }

  /// Commands answered so far.
  public var commandsSoFar: Int { shared.commands.load(ordering: .relaxed) }

  /// Asks the threads to end: no new batch begins, replies on the way are waited for.
  public func stop() {
    shared.stopping.store(true, ordering: .relaxed)
  }

  /// Blocks until all threads have ended and returns what they saw together.
  public func finish() -> LoadResult {
    shared.threads.wait()
    return shared.result.withLock { $0 }
  }
}
