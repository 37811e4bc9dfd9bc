import Foundation
import SluiceConfiguration
import SluiceControl
import SluiceFlags
import SluiceLedger

/// What an incident needs, found as far as it can be found: every part is on its own, and what is missing is said.
struct DiagnoseCollection {
  /// Texts that must not leave this machine.
  let secrets: [String]
  /// What could not be had, one sentence each.
  private(set) var gaps: [String] = []
  private let client: ControlClient
  private let status: String?
  private let configuration: ServeConfiguration?
  private let flags: String?
  private let ledger: String?
  private let environment: [String: String]

  /// - Parameters:
  ///   - config: the `sluice.yaml`; nil for none.
  ///   - flags: the flag file; nil asks the proxy, then the configuration.
  ///   - ledger: likewise.
  init(
    config: String?, flags: String?, ledger: String?, client: ControlClient, environment: [String: String]
  ) {
    self.client = client
    self.environment = environment
    var secrets = [
      client.password?.revealed, environment["SLUICE_PASSWORD"], environment["SLUICE_CONTROL_PASSWORD"],
    ].compactMap { $0 }
    do throws(Failure) {
      status = try client.text(["STATUS"])
    } catch {
      status = nil
      gaps.append("status: \(error.message)")
    }
    do throws(ConfigurationError) {
      // Whether a door may be open was for `serve` to decide.
      var options = ServeOptions()
      options.checksDoors = false
      let found = try ServeConfiguration.load(file: config, options: options, environment: environment)
      configuration = config == nil ? nil : found
      let stacks = [found.stacks.legacy.endpoint, found.stacks.new.endpoint].map(\.password)
      secrets += ([found.password, found.controlPassword] + stacks).compactMap { $0?.revealed }
      if config == nil { gaps.append("configuration: name the sluice.yaml by --config") }
    } catch {
      configuration = nil
      // Several problems are several lines.
      let lines = error.description.split(separator: "\n").map { $0.drop { $0 == " " } }
      gaps.append("configuration: \(lines.joined(separator: " "))")
    }
    let document = status.flatMap { try? JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) } ?? .null
    self.flags = flags ?? document["flags"]["path"].text ?? configuration?.flags.path
    self.ledger = ledger ?? document["ledger"]["path"].text ?? configuration?.ledger.path
    self.secrets = secrets.filter { !$0.isEmpty }
    if self.flags == nil { gaps.append("flags: name the file by --flags") }
    if self.ledger == nil { gaps.append("ledger: name the file by --ledger") }
    if let flags = self.flags, (try? FlagFile(path: flags).read()) == nil {
      gaps.append("flags: \(flags) cannot be read")
    }
    if let ledger = self.ledger {
      do throws(LedgerError) { _ = try LedgerReader(path: ledger) } catch {
        gaps.append("ledger: \(error.description)")
      }
    }
  }

  /// Whether there is anything that explains anything.
  var isWorthKeeping: Bool {
    status != nil || configuration != nil
      || [flags, ledger].contains { $0.map { FileManager.default.fileExists(atPath: $0) } ?? false }
  }

  /// Puts everything into the archive.
  func fill(_ archive: inout DiagnoseArchive, at date: Date) {
    archive.add("SUMMARY.txt", summary(at: date))
    archive.add("versions.txt", versions)
    archive.add("environment.txt", switches)
    if let status { archive.add("status.json", status) }
    if let configuration { archive.add("sluice.yaml", configuration.redacted) }
    addFlags(to: &archive)
    addLedger(to: &archive)
  }

  private func summary(at date: Date) -> String {
    let gaps = gaps.isEmpty ? "  nothing\n" : gaps.map { "  \($0)\n" }.joined()
    return """
      sluice diagnose, \(date.formatted(.iso8601))
      proxy: \(status == nil ? "DOWN or not reachable on \(client.address)" : "answers on \(client.address)")
      flags: \(flags ?? "unknown")
      ledger: \(ledger ?? "unknown")

      not in this archive:
      \(gaps)
      where to look:
        status.json   what was in force, the stacks, suspects, queues (proxy up)
        report.txt    flips, figures, divergences, errors, from the ledger
        flags/        the flag file, what it means, and the latch
      Secrets are replaced by ***. Keys are in the report unless the ledger hashes them.

      """
  }

  private var versions: String {
    let system =
      (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?.split(separator: "\n")
      .first { $0.hasPrefix("PRETTY_NAME=") }.map(String.init) ?? "PRETTY_NAME=unknown"
    return """
      sluice \(SluiceCommand.version) (this command)
      system \(system.dropFirst("PRETTY_NAME=".count)), \(ProcessInfo.processInfo.operatingSystemVersionString)
      processors \(ProcessInfo.processInfo.activeProcessorCount)

      """
  }

  /// The variables that Sluice reads. Only the guide's switches are told with their values.
  private var switches: String {
    let names = environment.keys.filter {
      $0.hasPrefix("SLUICE_") || $0.hasPrefix("CACHE_") || $0.hasPrefix("USE_") || $0.hasSuffix("REDIS_URL")
    }
    return names.sorted().map { name in
      let isSwitch = name == EnvironmentSwitches.legacyName || name == EnvironmentSwitches.newName
      return "\(name)=\(isSwitch ? environment[name] ?? "" : "***")\n"
    }.joined()
  }

  private func addFlags(to archive: inout DiagnoseArchive) {
    guard let flags else { return }
    let file = FlagFile(path: flags)
    if let bytes = try? file.read() {
      archive.add("flags/flags.json", String(decoding: bytes, as: UTF8.self))
    }
    do throws(FlagError) {
      let definition = try file.load()
      let share = definition.percentage.map { "\($0) %" } ?? "by rules"
      archive.add(
        "flags/meaning.txt",
        "version \(definition.version)\nstage \(definition.stage.name)\nnew stack \(share)\n")
    } catch {
      archive.add("flags/meaning.txt", "this file is refused: \(error)\n")
    }
    let latch = RollbackLatch(directory: file.directory)
    archive.add("flags/latch.txt", latch.isSet ? "ROLLED BACK\n\(latch.note ?? "")" : "not set\n")
  }

  private func addLedger(to archive: inout DiagnoseArchive) {
    guard let ledger else { return }
    for (name, format) in [("report.txt", Report.Format.text), ("report.json", .json)] {
      if let text = try? Report.render(path: ledger, format: format, limit: 1000) { archive.add(name, text) }
    }
  }
}
