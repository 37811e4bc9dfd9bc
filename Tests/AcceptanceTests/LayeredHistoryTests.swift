import Foundation
import LoadGenerator
import RedisClient
import Synchronization
import TestSupport
import Testing

extension Acceptance {
  /// Every layer on, flips and faults in turn: a read may miss, but it is never older than what was acknowledged before.
  @Suite struct LayeredHistoryTests {
    private final class Shared: Sendable {
      let isOver = Mutex(false)
      let operations = Mutex(0)
      let trouble = Mutex<[String]>([])
      let threads = DispatchGroup()
    }

    private static let story: [[String]] = [
      ["STAGE", "shadow"], ["STAGE", "live", "25"], ["pause"], ["RAMP", "50"], ["resume"], ["RAMP", "100"],
      ["kill"],
      ["start"], ["ROLLBACK", "why"], ["REARM"], ["pause"], ["ROLLBACK", "why"], ["resume"], ["REARM"],
      ["RAMP", "50"], ["kill"], ["ROLLBACK", "why"], ["start"], ["REARM"], ["RAMP", "100"],
    ]

    @Test(
      "no read is older than the last word, whatever happens to new and to the routing", arguments: [1, 2])
    func history(threads: Int) throws {
      var options = SluiceProcess.Options(stage: "dualwrite", threads: threads)
      options.yaml = """
        stacks:
          new: {preset: web_app, l1: {entries: 20}, compression: {threshold: 100}, command_timeout: 300ms,
            connect_timeout: 300ms}
        timeouts: {reconnect_max: 200ms}

        """
      let stacks = try TwoStacks(options)
      let shared = Shared()
      for writer in 0..<8 {
        shared.threads.enter()
        let endpoint = stacks.sluice.endpoint
        Thread.detachNewThread {
          Self.write("key:\(writer)", endpoint, shared)
          shared.threads.leave()
        }
      }
      defer {
        shared.isOver.withLock { $0 = true }
        shared.threads.wait()
      }
      func goOn() throws {
        let before = shared.operations.withLock { $0 }
        try eventually(within: .seconds(60), "the load goes on") {
          shared.operations.withLock { $0 } > before + 600
        }
      }
      for words in Self.story {
        try goOn()
        switch words[0] {
        case "pause": stacks.new.pause()
        case "resume": stacks.new.resume()
        case "kill": stacks.new.kill()
        case "start": try stacks.new.start()
        default: try stacks.sluice.control(words)
        }
        let trouble = shared.trouble.withLock { $0 }
        #expect(trouble.isEmpty, "after \(words): \(trouble.prefix(5))")
        if !trouble.isEmpty { return }
      }
      try eventually(within: .seconds(20), "new answers again") {
        let status = try stacks.sluice.status()
        return status.text("stacks.new.layers.memory_since") == nil
          && status.text("stacks.new.health") == "up"
      }
      try goOn()
      #expect(shared.trouble.withLock { $0 } == [])
      let status = try stacks.sluice.status()
      #expect(status.number("stacks.new.layers.losses") ?? 0 >= 2, "\(status)")
      #expect(
        status.number("stacks.new.layers.losses") == status.number("stacks.new.layers.recoveries"),
        "\(status)")
    }

    /// The only writer of its key, so that it knows the last word.
    private static func write(_ key: String, _ endpoint: RedisEndpoint, _ shared: Shared) {
      let padding = String(repeating: "x", count: 300)
      var sent = 0
      var acknowledged = 0
      var client: RedisClient?
      while !shared.isOver.withLock({ $0 }) {
        do {
          let connection = try client ?? RedisClient(endpoint)
          client = connection
          // A read comes first: behind a lost connection it is what meets the stack as it is.
          for isRead in [true, false, true, true] {
            if !isRead {
              sent += 1
              if try connection.command("SET", key, "\(sent) \(padding)") == .status("OK") {
                acknowledged = sent
              }
              continue
            }
            let reply = try connection.command("GET", key)
            guard case .string = reply,
              let value = reply.text?.split(separator: " ").first.flatMap({ Int($0) })
            else { continue }
            if value < acknowledged || value > sent {
              shared.trouble.withLock { $0.append("\(key): \(value) after \(acknowledged)") }
            }
          }
          shared.operations.withLock { $0 += 4 }
        } catch {
          client = nil
          usleep(2000)
        }
      }
    }
  }
}
