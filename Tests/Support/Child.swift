import Foundation
import LoadGenerator

/// A program that a test started: its output goes to files, its exit status can be waited for, and it is killed when
/// this object is released.
public final class Child {
  /// How a program ended.
  public enum Exit: Equatable, Sendable {
    /// By itself, with this code.
    case code(Int32)
    /// By this signal.
    case signal(Int32)
  }

  /// The process id; only meaningful while the process runs.
  public let pid: pid_t
  /// The files that standard output and standard error go to.
  public let outputPath: String
  public let errorsPath: String
  private let name: String
  private var exit: Exit?

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - executable: a path, or a name that is looked up as a shell does.
  ///   - environment: put over the environment of the tests.
  ///   - input: a file for standard input; nothing to read if left out.
  ///   - folder: where the files for its output are made, named after `name`.
  /// - Throws: ``TestFailure`` with what to install if there is no such program.
  public init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: ScratchFolder, name: String
  ) throws {
    self.name = name
    outputPath = "\(folder.path)/\(name).out"
    errorsPath = "\(folder.path)/\(name).err"
    guard let path = ChildProcess.find(executable) else {
      throw TestFailure("there is no program '\(executable)'; run scripts/install-packages")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorsPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    // What the tests block or ignore must not stay so in the child: SIGTERM is part of what is tested.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var nothing = sigset_t()
    sigemptyset(&nothing)
    posix_spawnattr_setsigmask(&attributes, &nothing)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var started: pid_t = 0
    let status = posix_spawn(&started, path, &actions, &attributes, &argv, &envp)
    guard status == 0 else {
      throw TestFailure("cannot start \(path): \(String(cString: strerror(status)))")
    }
    pid = started
  }

  deinit { kill() }

  /// Whether it still runs; a stopped process runs.
  public var isRunning: Bool {
    guard exit == nil else { return false }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return true }
    exit = Self.exit(status)
    return false
  }

  private static func exit(_ status: Int32) -> Exit {
    status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
  }

  /// Sends a signal if it still runs.
  public func send(_ signal: Int32) {
    if isRunning { Glibc.kill(pid, signal) }
  }

  /// Stops it, to go on with SIGCONT, and waits until it has stopped: a signal takes its time.
  public func pause() {
    guard isRunning, Glibc.kill(pid, SIGSTOP) == 0 else { return }
    var status: Int32 = 0
    guard waitpid(pid, &status, WUNTRACED) == pid else { return }
    if status & 0xff != 0x7f { exit = Self.exit(status) }
  }

  /// Ends it by force and waits until it is gone.
  public func kill() {
    while isRunning {
      Glibc.kill(pid, SIGKILL)
      usleep(500)
    }
  }

  /// Waits for the end.
  ///
  /// - Throws: ``TestFailure`` with its last lines when it still runs after `limit`; it is killed then.
  public func wait(within limit: Duration) throws -> Exit {
    do {
      try eventually(within: limit, "\(name) ends") { !isRunning }
    } catch {
      kill()
      throw TestFailure("\(name) did not end within \(limit): \(lastWords)")
    }
    return exit ?? .code(0)
  }

  /// What it wrote to standard output so far.
  public var output: String { Self.text(outputPath) }
  /// What it wrote to standard error so far.
  public var errors: String { Self.text(errorsPath) }
  /// The ends of both, for the message of a failure.
  public var lastWords: String {
    let lines = errors.split(separator: "\n").suffix(10) + output.split(separator: "\n").suffix(10)
    return lines.joined(separator: "\n")
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

extension Child {
  /// Runs a program to its end and returns how it ended and what it wrote.
  ///
  /// - Parameter input: what it reads from standard input.
  public static func run(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    within limit: Duration = .seconds(30)
  ) throws -> (exit: Exit, output: String, errors: String) {
    let folder = try ScratchFolder()
    let file = try input.map { try folder.write("input", $0) }
    let child = try Child(
      executable, arguments, environment: environment, input: file, in: folder, name: "program")
    let exit = try child.wait(within: limit)
    return (exit, child.output, child.errors)
  }
}
