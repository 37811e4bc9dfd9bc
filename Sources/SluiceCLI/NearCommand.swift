import ArgumentParser
import SluiceConfiguration

/// A mistyped command is answered with the one that is near it: on the way back nobody has time to read the help.
enum NearCommand {
  /// What people say for commands that have another name here.
  private static let meant = [
    "undo": "rollback", "back": "rollback", "abort": "rollback", "revert": "rollback", "promote": "ramp",
    "approve": "plan approve", "pause": "plan pause", "resume": "plan resume", "start": "serve",
    "run": "serve", "top": "status", "watch": "status",
  ]

  /// Nil if the first word is a command, or an option.
  static func failure(_ arguments: [String]) -> Failure? {
    var words = arguments[...]
    var help = ""
    if words.first == "help" { (words, help) = (words.dropFirst(), "help ") }
    guard let word = words.first, !word.hasPrefix("-") else { return nil }
    let names = SluiceCommand.configuration.subcommands.compactMap { $0._commandName } + ["help"]
    guard !names.contains(word) else { return nil }
    let typed = word.lowercased()
    let near =
      names.contains(typed) ? typed : meant[typed] ?? NearestName.of(typed, among: names)
    let rest = near == "rollback" ? " \"why\"" : ""
    let advice =
      near.map { "did you mean: sluice \(help)\($0)\(help.isEmpty ? rest : "")" }
      ?? "sluice --help lists them"
    return Failure(.usage, Output.printable("there is no command \"\(word.prefix(64))\"; \(advice)"))
  }
}
