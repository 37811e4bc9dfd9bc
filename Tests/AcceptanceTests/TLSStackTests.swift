import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTLS
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Stacks that are reached by TLS.
  @Suite(.serialized) struct TLSStackTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func server(client: CertificateAuthority.Identity? = nil) throws -> RedisServer {
      try RedisServer(.tls(.init(certificates.server, certificates.ca, client: client)))
    }

    @Test(
      "both stacks by TLS, one of which asks for a certificate: mirrored, compared, and back after a restart")
    func serves() throws {
      let (legacy, new) = (try server(), try server(client: certificates.client))
      let sluice = try SluiceProcess(legacy: legacy.url, new: new.url, .init(stage: "live", percent: 50))
      let client = try sluice.client()
      for number in 0..<200 { try client.append("SET", "k\(number)", "\(number)") }
      for _ in 0..<200 { #expect(try client.reply() == .status("OK")) }
      for number in 0..<200 { try client.append("GET", "k\(number)") }
      for number in 0..<200 { #expect(try client.reply().text == "\(number)") }
      try eventually("both have all keys") {
        try legacy.client().command("DBSIZE") == .integer(200)
          && new.client().command("DBSIZE") == .integer(200)
      }
      #expect(try sluice.status().number("compare.diverged") == 0)

      new.kill()
      try eventually("it is down") { try sluice.status().text("stacks.new.health") == "down" }
      #expect(try client.command("SET", "k1", "later").text != nil)
      try new.start()
      try eventually("it is up again") { try sluice.status().text("stacks.new.health") == "up" }
      try eventually("its keys are answered") { try client.command("GET", "k1") != .error("") }
    }

    @Test("values go through layers that stand before a stack with TLS")
    func layers() throws {
      let legacy = try server()
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = "stacks:\n  legacy: { url: \"\(legacy.url)\", key_prefix: \"p:\" }\n"
      let sluice = try SluiceProcess(legacy: nil, new: "memory:", options)
      #expect(try sluice.client().command("SET", "k", "v") == .status("OK"))
      #expect(try legacy.client().command("GET", "p:k").text == "v")
    }

    @Test("a stack that cannot be trusted, or does not trust us, is down, and status says why")
    func refused() throws {
      let strangers = try CertificateAuthority(in: certificates.folder, name: "strangers")
      let elsewhere = try certificates.ca.issue("elsewhere", names: ["DNS:elsewhere.example"])
      let late = try certificates.ca.issue("late", days: -1)
      let plain = try RedisServer()
      let good = try server(client: certificates.client)
      let servers = [
        try RedisServer(.tls(.init(strangers.issue("stranger"), strangers))),
        try RedisServer(.tls(.init(elsewhere, certificates.ca))),
        try RedisServer(.tls(.init(late, certificates.ca))),
      ]
      let trust = certificates.ca.trust().query
      var other = certificates.ca.trust()
      other.name = "elsewhere.example"
      let cases: [(port: UInt16, query: String, says: String)] = [
        (servers[0].port, trust, "that nobody in \(certificates.ca.certificate) has signed"),
        (servers[1].port, trust, "has a certificate for another name than the one asked for"),
        (servers[2].port, trust, "has a certificate that has expired on"),
        (good.port, trust, "wants a certificate of ours"),
        (
          good.port, certificates.ca.trust(as: try strangers.issue("us")).query,
          "does not accept our certificate"
        ),
        (plain.port, trust, "TLS"),
      ]
      // As a stack, and as what a command line asks.
      for pair in stride(from: 0, to: cases.count, by: 2) {
        let (one, two) = (cases[pair], cases[pair + 1])
        let sluice = try SluiceProcess(
          legacy: "rediss://127.0.0.1:\(one.port)\(one.query)",
          new: "rediss://127.0.0.1:\(two.port)\(two.query)")
        for (stack, wanted) in [("legacy", one), ("new", two)] {
          try eventually("\(wanted.says): \((try? sluice.status().text("stacks.\(stack).reason")) ?? "")") {
            try sluice.status().text("stacks.\(stack).reason")?.contains(wanted.says) == true
          }
        }
      }
      for wanted in cases {
        let error = #expect(throws: RedisError.self, "\(wanted.says)") {
          try RedisClient(
            RedisEndpoint("rediss://127.0.0.1:\(wanted.port)\(wanted.query)"), connectTimeout: .seconds(1)
          ).command("PING")
        }
        #expect(
          error?.message.contains(wanted.says) == true, "\(error?.message ?? "") is not: \(wanted.says)")
      }
      #expect(
        try RedisClient(RedisEndpoint("rediss://127.0.0.1:\(servers[1].port)\(other.query)")).command("PING")
          == .status("PONG"))
      #expect(
        try RedisClient(RedisEndpoint("rediss://127.0.0.1:\(servers[1].port)\(trust)&check=chain")).command(
          "PING")
          == .status("PONG"))
    }

    @Test("warm, verify and assess walk over servers with TLS", arguments: [true, false])
    func walks(isLegacy: Bool) throws {
      let (secure, plain) = (try server(client: certificates.client), try RedisServer())
      let (legacy, new) = isLegacy ? (secure, plain) : (plain, secure)
      try UpkeepStacks.plant(600, in: legacy)
      var options = SluiceProcess.Options(stage: "dualwrite")
      options.control = ["tls:127.0.0.1:0"]
      options.yaml = certificates.yaml()
      let sluice = try SluiceProcess(legacy: legacy.url, new: new.url, options)
      let control = [
        "--control", "tls:127.0.0.1:\(sluice.controlTLSPort)?ca=\(certificates.ca.certificate)",
      ]
      let warm = try Child.run(SluiceProcess.executable(), ["warm"] + control, within: .seconds(60))
      #expect(warm.exit == .code(0), "\(warm.output)\(warm.errors)")
      #expect(try new.client().command("DBSIZE") == .integer(600))
      _ = try new.client().command("SET", "k0", "wrong")
      let verify = try Child.run(SluiceProcess.executable(), ["verify"] + control, within: .seconds(60))
      #expect(verify.exit == .code(1), "\(verify.output)\(verify.errors)")
      let assess = try Child.run(
        SluiceProcess.executable(), ["assess", "--legacy", legacy.url, "--new", new.url] + control,
        within: .seconds(60))
      #expect(assess.output.contains("7.0."), "\(assess.output)\(assess.errors)")
    }
  }
}
