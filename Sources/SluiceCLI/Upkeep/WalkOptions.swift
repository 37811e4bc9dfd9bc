import ArgumentParser
import Foundation

/// What the subcommands that walk the stacks have in common.
struct WalkOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only keys like this one, as in SCAN: user:*.", valueName: "pattern"))
  var match: String?

  @Option(
    help: ArgumentHelp(
      "At most so many keys a second. Without it, too, a walk goes slower while a stack answers slowly.",
      valueName: "keys"))
  var rate: Int?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var stacks: StackOptions
  @OptionGroup var control: ControlOptions

  func validate() throws {
    if let rate, rate < 1 { throw ValidationError("--rate: write a number of keys from 1 upwards") }
  }

  /// Walks with a bar on the screen, until the end or a signal.
  ///
  /// - Parameters:
  ///   - walk: is asked whether to stop; true if it came to its end.
  ///   - failed: called when the walk fails, with the time it took; what it threw is thrown on.
  /// - Returns: whether the walk came to its end, and the time that it took.
  func run(
    _ name: String, _ walk: (inout Progress, () -> Bool) throws(Failure) -> Bool,
    failed: (Duration) -> Void = { _ in }
  ) throws(Failure) -> (isComplete: Bool, elapsed: Duration) {
    Interruption.watch()
    var progress = Progress(name)
    defer { progress.clear() }
    do {
      return (try walk(&progress) { Interruption.hasCome }, progress.elapsed)
    } catch {
      // A signal may break off a connection that is just being made.
      if Interruption.hasCome { return (false, progress.elapsed) }
      progress.clear()
      failed(progress.elapsed)
      throw error
    }
  }
}
