import ArgumentParser
import Foundation

/// What the subcommands that walk the stacks have in common.
struct WalkOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only keys like this one, as in SCAN: user:*.", valueName: "pattern"))
  var match: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var stacks: StackOptions
  @OptionGroup var control: ControlOptions

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
