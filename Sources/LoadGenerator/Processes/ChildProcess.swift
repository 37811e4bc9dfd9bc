import Foundation
import SluiceLocks

/// A server started for a benchmark or a test; it is killed when this object is released.
public final class ChildProcess: Sendable {
  /// The process id; only meaningful until ``stop()``.
  public let pid: pid_t
  /// Where its output goes.
  public let log: String
  private let name: String
  private let ended = Mutex(false)
  private let code = Mutex<Int32?>(nil)

  private static let living = Mutex<Set<pid_t>>([])

  /// Starts `executable`, a path or a name that is looked up in `PATH` and in the system's folders.
  ///
  /// - Throws: `ProcessError` if there is no such program or it cannot be started.
  public init(_ executable: String, _ arguments: [String], log: String) throws(ProcessError) {
    name = executable
    self.log = log
    guard let path = Self.find(executable) else {
      throw ProcessError("there is no program '\(executable)'; install it or name its path")
    }
    // Registered under the same lock, so that killAll() cannot miss a child that has just begun.
    pid = try Self.living.withLock { (living) throws(ProcessError) in
      let started = try Spawning.start(path, arguments, output: log)
      living.insert(started)
      return started
    }
  }

  deinit { stop() }

  /// Whether it still runs.
  public var isRunning: Bool {
    ended.withLock { ended in
      guard !ended else { return false }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == 0 else {
        ended = true
        if status & 0x7f == 0 { code.withLock { $0 = status >> 8 & 0xff } }
        Self.living.withLock { _ = $0.remove(pid) }
        return false
      }
      return true
    }
  }

  /// Sends a signal if the process still runs.
  public func signal(_ number: Int32) {
    if isRunning { kill(pid, number) }
  }

  /// Ends it: politely, and after two seconds by force. Does nothing the second time.
  public func stop() {
    signal(SIGTERM)
    signal(SIGCONT)
    let deadline = MonotonicClock.now() + 2_000_000_000
    while isRunning, MonotonicClock.now() < deadline { usleep(5000) }
    crash()
  }

  /// Waits until it ends by itself, for half a minute at most, and returns its exit code; nil if it has none.
  public func end() -> Int32? {
    let deadline = MonotonicClock.now() + 30_000_000_000
    while isRunning, MonotonicClock.now() < deadline { usleep(1000) }
    return isRunning ? nil : code.withLock { $0 }
  }

  /// Ends it by force, as a crash does, and waits until it is gone.
  public func crash() {
    while isRunning {
      signal(SIGKILL)
      usleep(1000)
    }
  }

  /// The processor time of all its threads so far, those that ended included, in nanoseconds; 0 when it is gone.
  ///
  /// The kernel's own clock of the process: `/proc/PID/stat` has the same sum in steps of 10 ms, and
  /// `/proc/PID/schedstat` has the main thread alone.
  public var processorTime: UInt64 {
    processorNanoseconds(of: pid) ?? 0
  }

  /// The end of its output, for an error message.
  public var lastWords: String {
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(5).joined(separator: "\n")
  }

  /// Kills every child of this process that still runs: for the end by a signal.
  public static func killAll() {
    living.withLock { for pid in $0 { kill(pid, SIGKILL) } }
  }

  /// The path of a program, as a shell would find it, with the system administrator's folders as well.
  public static func find(_ executable: String) -> String? {
    if executable.contains("/") { return access(executable, X_OK) == 0 ? executable : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
    return folders.map { "\($0)/\(executable)" }.first { access($0, X_OK) == 0 }
  }
}

/// The processor time of a process, all threads, in nanoseconds; `nil` if there is no such process.
public func processorNanoseconds(of pid: pid_t) -> UInt64? {
  var clock = clockid_t()
  var time = timespec()
  guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
