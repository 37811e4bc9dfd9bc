import Foundation

/// How programs are started.
public enum Spawning {
  /// Starts the program at `path` and returns its process id. Whoever starts it waits for its end.
  ///
  /// It gets nothing of this process but what is named here: no signal that is ignored or blocked (a test's threads block
  /// SIGTERM), and no open file or socket, which it would keep open after its owner has closed it.
  ///
  /// - Parameters:
  ///   - environment: all of it, as `NAME=value`; nil is this process's own.
  ///   - input: the file for standard input.
  ///   - output: the file to append standard output to.
  ///   - errors: the same for standard error; nil is the file of the output.
  /// - Throws: `ProcessError` if it cannot be started.
  public static func start(
    _ path: String, _ arguments: [String], environment: [String]? = nil, input: String = "/dev/null",
    output: String, errors: String? = nil
  ) throws(ProcessError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    if let errors {
      posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    } else {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    }
    // glibc's `closefrom` action is not imported. One that is closed by now does no harm.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
      if let descriptor = Int32(name), descriptor > 2 {
        posix_spawn_file_actions_addclose(&actions, descriptor)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var envp = (environment ?? []).map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    var started: pid_t = 0
    let status =
      environment == nil
      ? posix_spawn(&started, path, &actions, &attributes, &argv, environ)
      : posix_spawn(&started, path, &actions, &attributes, &argv, &envp)
    guard status == 0 else {
      throw ProcessError("cannot start \(path): \(String(cString: strerror(status)))")
    }
    return started
  }
}
