import ArgumentParser
import Foundation
import SluiceConfiguration

/// `sluice diagnose`.
struct Diagnose: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Collect what explains an incident into one archive, without secrets.",
    discussion: """
      Status, flags and their history, figures, divergences, errors, suspects, configuration and versions.
      A proxy that is down is no hindrance: then it is files and ledger alone, and the archive says so.
      Keys are in it unless the ledger hashes them; values and passwords are not.

      Examples:
        sluice diagnose
        sluice diagnose --config sluice.yaml --output incident-42.tar.gz
      """)

  @Option(
    help: ArgumentHelp("The sluice.yaml that serve was given.", valueName: "path"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("The flag file. Default: what the proxy or the configuration says.", valueName: "path")
  )
  var flags: String?

  @Option(
    help: ArgumentHelp("The ledger. Default: what the proxy or the configuration says.", valueName: "path"))
  var ledger: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The archive. Default: sluice-diagnose-TIME.tar.gz here.", valueName: "path"))
  var output: String?

  @OptionGroup var options: ControlOptions

  func run() throws {
    let now = Date()
    let stamp = now.formatted(.iso8601.timeSeparator(.omitted).dateSeparator(.omitted))
    let environment = ProcessInfo.processInfo.environment
    let collection = DiagnoseCollection(
      config: config, flags: flags, ledger: ledger, client: try options.client(environment: environment),
      environment: environment)
    guard collection.isWorthKeeping else {
      throw Failure(
        .noInput,
        "nothing was found, so no archive was made; \(collection.gaps.map(Output.printable).joined(separator: "; "))"
      )
    }
    var archive = DiagnoseArchive(folder: "sluice-diagnose-\(stamp)", at: now, secrets: collection.secrets)
    collection.fill(&archive, at: now)
    guard let bytes = archive.compressed() else {
      throw Failure(.software, "the archive could not be compressed; free some memory and try again")
    }
    let path = output ?? "sluice-diagnose-\(stamp).tar.gz"
    let isWritten = FileManager.default.createFile(
      atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    guard isWritten else {
      throw Failure(.data, "\(path) cannot be written; name another place by --output")
    }
    for gap in collection.gaps { Output.error("sluice: not in the archive: \(Output.printable(gap))") }
    Output.line("\(path): \(archive.names.count) files, \(bytes.count) bytes, secrets removed")
  }
}
