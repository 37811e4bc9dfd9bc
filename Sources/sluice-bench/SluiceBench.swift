import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench`: measures, and says how noisy the measuring was.
struct SluiceBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-bench",
    abstract: "Measure Sluice beside what it is compared with, in one run.",
    subcommands: [
      LoadCommand.self, CompareCommand.self, LayersCommand.self, IdleCommand.self, RollbackCommand.self,
      EvidenceCommand.self, CopiesCommand.self, GuardrailsCommand.self,
      WalksCommand.self, TLSCommand.self, ClientCostCommand.self, CacheCommand.self,
    ])
}

/// A failed benchmark: one sentence for a person.
struct BenchError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Runs a benchmark with a folder of its own; when it ends, in whichever way, so do its children and its files.
func withScratchFolder(_ body: (ScratchFolder) throws -> Void) throws {
  let folder = try ScratchFolder()
  let sources = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
      ChildProcess.killAll()
      folder.remove()
      exit(128 + number)
    }
    source.activate()
    return source
  }
  defer {
    for source in sources { source.cancel() }
    ChildProcess.killAll()
    folder.remove()
  }
  try body(folder)
}

/// Prints to standard output at once, so that a piped run shows its progress.
func say(_ text: String) {
  FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}

/// A number with a fixed count of decimals, independent of the locale.
func fixed(_ value: Double, _ decimals: Int) -> String {
  String(format: "%.\(decimals)f", value)
}

/// A value as pretty JSON with sorted keys.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
