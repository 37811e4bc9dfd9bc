/// Why a subcommand did not do its work: the sentence for standard error and the code for the caller.
struct Failure: Error, Equatable {
  /// Exit codes as in `sysexits.h`.
  enum Code: Int32 {
    /// There is no such command.
    case usage = 64
    /// The command was refused, or data is not what it should be.
    case data = 65
    /// A file that should be read is not there.
    case noInput = 66
    /// The proxy, or what it needs for the command, cannot be reached.
    case unavailable = 69
    /// A fault of Sluice.
    case software = 70
    /// Worth trying again.
    case temporary = 75
    /// The password is wrong or missing.
    case permission = 77
    /// The configuration of `serve` is wrong.
    case configuration = 78
  }

  let code: Code
  let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
