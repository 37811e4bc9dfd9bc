import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Every state of a migration, ended in two ways, started again with every flag file: no read is older than the last write that was
  /// acknowledged, and no last good value is gone.
  ///
  /// Both servers are shared: each worker has a database of its own on either. What a run has left (files and keys) is kept and put back
  /// for each start.
  @Suite struct RestartMatrixTests {
    /// Where a run stands when it ends.
    private enum Place: String, CaseIterable, Sendable {
      case off, dualwrite, shadow, live, rampdown, complete, rolledBack

      /// What its flag file says.
      var file: String { FlagText.make(stage: self == .rolledBack ? "live" : rawValue, percent: 50) }

      /// The orders that lead there from `dualwrite`.
      var orders: [[String]] {
        switch self {
        case .dualwrite: []
        case .live: [["STAGE", "live", "50"]]
        case .complete: [["STAGE", "rampdown"], ["STAGE", "complete"]]
        case .rolledBack: [["STAGE", "live", "50"], ["ROLLBACK", "drill"]]
        default: [["STAGE", rawValue]]
        }
      }
    }

    /// What the flag file is at the next start.
    private enum File: Equatable, Sendable {
      case same, missing, truncated
      case other(Place)

      func put(at path: String, from place: Place) throws {
        switch self {
        case .same: try place.file.write(toFile: path, atomically: true, encoding: .utf8)
        case .missing: try FileManager.default.removeItem(atPath: path)
        case .truncated:
          try String(place.file.dropLast(5)).write(toFile: path, atomically: true, encoding: .utf8)
        case .other(let other): try other.file.write(toFile: path, atomically: true, encoding: .utf8)
        }
      }
    }

    private static let keys = (0..<10).map { "key:\($0)" }

    /// What a run has left behind. The folder is only read; that is the proof behind `@unchecked Sendable`.
    private struct Remains: @unchecked Sendable {
      let place: Place
      let folder: ScratchFolder
      let legacy: [Reply]
      let new: [Reply]
    }

    @Test("every state, every end, every file", arguments: [SIGTERM, SIGKILL]) func matrix(signal: Int32)
      throws
    {
      // What is asked of them is constant: where they are.
      nonisolated(unsafe) let legacy = try RedisServer()
      nonisolated(unsafe) let new = try RedisServer()
      let remains = Mutex<[Remains]>([])
      try inParallel(Place.allCases) { place, database in
        let left = try Self.run(place, signal, legacy, new, database)
        remains.withLock { $0.append(left) }
      }
      let starts = remains.withLock { $0 }.flatMap { left in
        let others = Place.allCases.filter { $0.file != left.place.file && $0 != .rolledBack }
        return ([.same, .missing, .truncated] + others.map(File.other)).map { (left: left, file: $0) }
      }
      #expect(starts.count == 7 * 8)
      try inParallel(starts) { start, database in
        try Self.start(start.left, start.file, "signal \(signal)", legacy, new, database)
      }
    }

    /// One run: the old values on both stacks, then the place, then the newest values, then the end.
    private static func run(
      _ place: Place, _ signal: Int32, _ legacy: RedisServer, _ new: RedisServer, _ database: Int
    ) throws -> Remains {
      let stacks = [try legacy.client(database: database), try new.client(database: database)]
      for stack in stacks { _ = try stack.command("FLUSHDB") }
      let sluice = try SluiceProcess(
        legacy: "\(legacy.url)/\(database)", new: "\(new.url)/\(database)",
        .init(stage: "dualwrite", percent: 50))
      let client = try sluice.client()
      for key in keys { #expect(try client.command("SET", key, "old") == .status("OK")) }
      try eventually("both have the old values") { try stacks[1].command("DBSIZE") == .integer(10) }
      for order in place.orders { try sluice.control(order) }
      for key in keys { #expect(try client.command("SET", key, "newest") == .status("OK")) }
      sluice.child.send(signal)
      _ = try sluice.child.wait(within: .seconds(20))
      let folder = try ScratchFolder()
      let flags = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent().path
      try copy(flags, to: "\(folder.path)/flags")
      try copy(sluice.ledgerPath + ".suspects", to: "\(folder.path)/suspects")
      return Remains(
        place: place, folder: folder, legacy: try keys.map { try stacks[0].command("GET", $0) },
        new: try keys.map { try stacks[1].command("GET", $0) })
    }

    private static func start(
      _ left: Remains, _ file: File, _ end: String, _ legacy: RedisServer, _ new: RedisServer, _ database: Int
    ) throws {
      let stacks = [try legacy.client(database: database), try new.client(database: database)]
      for (stack, values) in zip(stacks, [left.legacy, left.new]) {
        _ = try stack.command("FLUSHDB")
        for (key, value) in zip(keys, values) {
          if let text = value.text { _ = try stack.command("SET", key, text) }
        }
      }
      var options = SluiceProcess.Options()
      options.prepare = { folder in
        try FileManager.default.removeItem(atPath: "\(folder)/flags")
        try copy("\(left.folder.path)/flags", to: "\(folder)/flags")
        try copy("\(left.folder.path)/suspects", to: "\(folder)/sluice.db.suspects")
        try file.put(at: "\(folder)/flags/sluice.flagd.json", from: left.place)
      }
      let sluice = try SluiceProcess(
        legacy: "\(legacy.url)/\(database)", new: "\(new.url)/\(database)", options)
      let name = "\(left.place.rawValue), \(file), \(end)"
      try look(sluice, stacks, isFlip: file != .same && file != .missing && file != .truncated, name)
      guard file == .missing || file == .truncated else { return }
      // Mended it says what is in force, and nothing is lost for it.
      #expect(try sluice.status().text("flags.source") == "remembered", "\(name)")
      try sluice.replaceFlags(left.place.file)
      try sluice.control("RELOAD")
      #expect(try sluice.status().text("flags.error") == nil, "\(name)")
      try look(sluice, stacks, isFlip: false, name + ", mended")
    }

    /// Where nothing flips, every key is answered as before the end.
    private static func look(
      _ sluice: SluiceProcess, _ stacks: [RedisClient], isFlip: Bool, _ name: String
    ) throws {
      let client = try sluice.client()
      // A stack that is emptied may be on its way back.
      try eventually("\(name): it answers") {
        try keys.allSatisfy { if case .error = try client.command("EXISTS", $0) { false } else { true } }
      }
      for key in keys {
        let answer = try client.command("GET", key)
        let isRight = answer.text == "newest" || (isFlip && answer == .null)
        #expect(isRight, "\(name): \(key) is answered \(answer)")
        let held = try stacks.map { try $0.command("GET", key).text }
        #expect(held.contains("newest"), "\(name): \(key) is held as \(held)")
      }
    }

    private static func copy(_ from: String, to path: String) throws {
      try FileManager.default.copyItem(atPath: from, toPath: path)
    }

    /// As many at a time as there are databases to give away, and no more than the machine bears.
    private func inParallel<Item: Sendable>(
      _ items: [Item], _ body: @Sendable (Item, Int) throws -> Void
    ) throws {
      let failures = Mutex<[any Error]>([])
      let next = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: 6) { worker in
        while true {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < items.count else { return }
          do { try body(items[index], worker) } catch { failures.withLock { $0.append(error) } }
        }
      }
      if let first = failures.withLock({ $0.first }) { throw first }
    }
  }
}
