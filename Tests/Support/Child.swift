import Foundation
import SluiceLoadGenerator

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
  ///   - terminal: a device for its output and errors, in the place of files.
  ///   - folder: where the files for its output are made, named after `name`.
  /// - Throws: ``TestFailure`` with what to install if there is no such program.
  public init(
    _ executable: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    terminal: String? = nil, in folder: ScratchFolder, name: String
  ) throws {
    self.name = name
    outputPath = "\(folder.path)/\(name).out"
    errorsPath = "\(folder.path)/\(name).err"
    guard let path = ChildProcess.find(executable) else {
      throw TestFailure("there is no program '\(executable)'; run scripts/install-packages")
    }
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    pid = try Spawning.start(
      path, arguments, environment: variables.map { "\($0)=\($1)" }, input: input ?? "/dev/null",
      output: terminal ?? outputPath, errors: terminal ?? errorsPath)
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
