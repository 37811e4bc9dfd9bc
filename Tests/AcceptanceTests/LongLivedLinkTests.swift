import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Connections that live for weeks: failovers, rotations, slow links, and what drops idle connections.
  @Suite struct LongLivedLinkTests {
    private func port(of server: RedisServer) -> Int {
      Int(server.url.split(separator: ":").last ?? "") ?? 0
    }

    @Test("a failover behind one address: writes go to the new master within seconds")
    func failover() throws {
      let (old, next, new) = (try RedisServer(), try RedisServer(), try RedisServer())
      let replica = try next.client()
      _ = try replica.command("REPLICAOF", "127.0.0.1", "\(port(of: old))")
      try eventually("the replica is in step") {
        try replica.command("INFO", "replication").text?.contains("master_link_status:up") == true
      }
      let address = try Forwarder(to: port(of: old))
      let sluice = try SluiceProcess(
        legacy: "redis://127.0.0.1:\(address.port)", new: new.url,
        SluiceProcess.Options(stage: "dualwrite", threads: 2))
      let client = try sluice.client()
      #expect(try client.command("SET", "a", "1") == .status("OK"))
      address.lead(to: port(of: next))
      _ = try replica.command("REPLICAOF", "NO", "ONE")
      _ = try old.client().command("REPLICAOF", "127.0.0.1", "\(port(of: next))")
      try eventually(within: .seconds(10), "writes are taken again, in every lane") {
        try (0..<16).allSatisfy { try client.command("SET", "key:\($0)", "2") == .status("OK") }
      }
      #expect(try replica.command("GET", "key:3") == .string(Array("2".utf8)))
      // Each lane has asked a few times and connected once.
      #expect(address.accepted < 30)
    }

    @Test(
      "a password that is rotated is read again: by RELOAD, by SIGHUP, and by each hand-shake",
      arguments: ["", "compression: {threshold: 100}"])
    func rotation(layers: String) throws {
      let legacy = try RedisServer(password: "first")
      let new = try RedisServer()
      let folder = try ScratchFolder()
      let file = try folder.write("password", "first\n")
      let address = legacy.url.split(separator: "@").last ?? ""
      var options = SluiceProcess.Options(stage: "dualwrite")
      // Longer than the test waits, so that the orders are seen to act.
      options.yaml = """
        timeouts: {reconnect_initial: 60s, reconnect_max: 60s}
        stacks:
          legacy:
            url: redis://\(address)
            password_file: \(file)
            \(layers)

        """
      let sluice = try SluiceProcess(legacy: nil, new: new.url, options)
      let client = try sluice.client()
      #expect(try client.command("SET", "a", "1") == .status("OK"))
      let operatorsClient = try legacy.client()
      func rotate(to password: String) throws {
        _ = try operatorsClient.command("CONFIG", "SET", "requirepass", password)
        try Data("\(password)\n".utf8).write(to: URL(fileURLWithPath: file))
        _ = try operatorsClient.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try eventually("the connections are lost") {
          try sluice.status().text("stacks.legacy.health") == "down"
        }
      }
      try rotate(to: "second")
      try sluice.control("RELOAD")
      try eventually("RELOAD brings legacy back") { try client.command("SET", "a", "2") == .status("OK") }
      try rotate(to: "third")
      sluice.child.send(SIGHUP)
      try eventually("SIGHUP brings legacy back") { try client.command("SET", "a", "3") == .status("OK") }
      #expect(!sluice.child.errors.contains("second") && !sluice.child.errors.contains("third"))
      // A file that is gone costs nothing while the last password is good.
      try FileManager.default.removeItem(atPath: file)
      _ = try operatorsClient.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      try eventually("the connections are lost") {
        try sluice.status().text("stacks.legacy.health") == "down"
      }
      try sluice.control("RELOAD")
      try eventually("the last good password is used") {
        try client.command("SET", "a", "4") == .status("OK")
      }
      #expect(sluice.child.errors.contains("the last good password stays in use"))
    }

    @Test(
      "a large value over a slow link takes its time, through layers too",
      arguments: [
        "", "compression: {threshold: 100}, ", "compression: {threshold: 100}, on_connection_error: memory, ",
      ])
    func slowLink(layers: String) throws {
      let (legacy, new) = (try RedisServer(), try RedisServer())
      let size = 3_000_000
      // What does not compress, so that it is long on its way.
      let value = (0..<size / 16).map { _ in String(UInt64.random(in: 0 ... .max) | 1 << 63, radix: 16) }
        .joined()
      #expect(try legacy.client().command("SET", "big", value) == .status("OK"))
      let slow = try Forwarder(to: port(of: legacy), rate: 1_200_000)
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = """
        timeouts: {command: 1s}
        stacks:
          legacy: {\(layers)url: "redis://127.0.0.1:\(slow.port)"}

        """
      let sluice = try SluiceProcess(legacy: nil, new: new.url, options)
      let client = try sluice.client()
      #expect(try client.command("GET", "big").text?.utf8.count == value.utf8.count)
      #expect(try sluice.status().number("stacks.legacy.errors") == 0)
    }

    @Test("TCP keepalive is on towards stacks and clients")
    func keepAlive() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let client = try stacks.sluice.client()
      #expect(try client.command("PING") == .status("PONG"))
      let ours = stacks.sluice.port
      let theirs = [port(of: stacks.legacy), port(of: stacks.new)]
      try eventually("every idle connection of the proxy has the keepalive timer") {
        // A file of the kernel has no size: it is read to its end.
        let table = try FileHandle(forReadingAtPath: "/proc/net/tcp")?.readToEnd() ?? Data()
        let rows = String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst()
        let links = rows.map { $0.split(separator: " ") }.filter { $0.count > 5 && $0[3] == "01" }
        func port(_ field: Substring) -> Int { Int(field.split(separator: ":").last ?? "", radix: 16) ?? 0 }
        let mine = links.filter { theirs.contains(port($0[2])) || port($0[1]) == Int(ours) }
        return mine.count >= 3 && mine.allSatisfy { $0[5].hasPrefix("02:") }
      }
    }
  }
}
