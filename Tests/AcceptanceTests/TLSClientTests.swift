import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTLS
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Clients that speak TLS, beside others that do not.
  @Suite(.serialized) struct TLSClientTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func stacks(_ more: String...) throws -> TwoStacks {
      var options = certificates.options()
      options.yaml += more.map { "  \($0)\n" }.joined()
      return try TwoStacks(options)
    }

    private func cli(
      _ sluice: SluiceProcess, _ words: [String], as client: CertificateAuthority.Identity? = nil
    )
      throws -> (exit: Child.Exit, output: String, errors: String)
    {
      try Child.run(
        "redis-cli",
        ["--tls", "--cacert", certificates.ca.certificate, "-p", "\(sluice.tlsPort)"]
          + (client.map { ["--cert", $0.certificate, "--key", $0.key] } ?? []) + words)
    }

    /// What `openssl s_client` shows of the door: its certificate, and how the connection ended.
    private func look(_ sluice: SluiceProcess, _ more: [String] = [], input: String = "QUIT\r\n") throws
      -> String
    {
      let ran = try Child.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(sluice.tlsPort)", "-CAfile", certificates.ca.certificate,
          "-ign_eof",
        ]
          + more, input: input)
      return ran.output + ran.errors
    }

    @Test("redis-cli and libraries say by TLS what they say without, and both see one another's keys")
    func serves() throws {
      let stacks = try stacks()
      let sluice = stacks.sluice
      #expect(try cli(sluice, ["set", "user:1", "a b"]).output == "OK\n")
      #expect(try cli(sluice, ["-r", "5", "incr", "n"]).output == "1\n2\n3\n4\n5\n")
      #expect(try cli(sluice, ["-3", "hset", "h", "f", "v"]).output == "1\n")
      #expect(try cli(sluice, ["-3", "hgetall", "h"]).output == "f v\n")
      #expect(try sluice.client().command("GET", "user:1").text == "a b")
      let client = try RedisClient(sluice.tlsEndpoint(certificates.ca.trust()))
      #expect(try client.command("MULTI") == .status("OK"))
      #expect(try client.command("SET", "{t}1", "x") == .status("QUEUED"))
      #expect(try client.command("GET", "{t}1") == .status("QUEUED"))
      #expect(try client.command("EXEC") == .array([.status("OK"), .string(Array("x".utf8))]))
      // A pipeline that neither side's buffers hold.
      let value = [UInt8](repeating: UInt8(ascii: "v"), count: 40_000)
      for number in 0..<300 { try client.append([Array("SET".utf8), Array("big:\(number)".utf8), value]) }
      for _ in 0..<300 { #expect(try client.reply() == .status("OK")) }
      for number in 0..<300 { try client.append("GET", "big:\(number)") }
      for _ in 0..<300 { #expect(try client.reply() == .string(value)) }
      #expect(try sluice.status().number("tls.clients.handshakes") ?? 0 >= 5)
    }

    @Test("a client that quits is told goodbye, and one that has ended its side is answered")
    func saysGoodbye() throws {
      let stacks = try stacks()
      let sluice = stacks.sluice
      for protocolFlag in ["-tls1_2", "-tls1_3"] {
        // Without the goodbye of TLS, openssl says "unexpected eof while reading".
        let quit = try look(sluice, [protocolFlag], input: "PING\r\nQUIT\r\n")
        #expect(quit.contains("+PONG"), "\(quit)")
        #expect(quit.contains("+OK"), "\(quit)")
        #expect(quit.contains("closed") && !quit.contains("unexpected eof"), "\(quit)")
        #expect(quit.contains("Verification: OK"), "\(quit)")
      }
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Scripts/ends_by_tls.py").path
      for version in ["1.2", "1.3"] {
        for (way, says) in [("ragged", "all goodbye\n"), ("notify", "all\n")] {
          let ran = try Child.run(
            "python3", [script, "\(sluice.tlsPort)", certificates.ca.certificate, way, version])
          #expect(ran.output == says, "\(way), TLS \(version): \(ran.errors)")
        }
      }
      try eventually("nobody is left") { try sluice.status().number("clients.connected") == 0 }
      for flag in ["-tls1", "-tls1_1"] {
        #expect(try !look(sluice, [flag, "-cipher", "ALL:@SECLEVEL=0"]).contains("+OK"))
      }
    }

    @Test("who must show a certificate is let in by the right one alone")
    func mutual() throws {
      let stacks = try stacks("client_ca: \(certificates.ca.certificate)")
      let sluice = stacks.sluice
      #expect(try cli(sluice, ["ping"], as: certificates.client).output == "PONG\n")
      let strangers = try CertificateAuthority(in: certificates.folder, name: "strangers")
      for identity in [nil, try strangers.issue("stranger"), try certificates.ca.issue("late", days: -1)] {
        #expect(try !cli(sluice, ["ping"], as: identity).output.contains("PONG"))
        let error = #expect(throws: RedisError.self) {
          try RedisClient(sluice.tlsEndpoint(certificates.ca.trust(as: identity))).command("PING")
        }
        if identity == nil {
          #expect(error?.message.contains("wants a certificate of ours") == true, "\(error?.message ?? "")")
        }
      }
      try eventually("they are counted") {
        try sluice.status().number("tls.clients.refused.client_certificate") ?? 0 >= 4
      }
      #expect(sluice.child.errors.contains("its certificate is missing"))
    }

    @Test("who speaks no TLS, or nothing at all, is cut off, counted, and meets nobody")
    func strangers() throws {
      let stacks = try stacks("handshake: 300ms")
      let sluice = stacks.sluice
      let plain = try SocketClient(port: sluice.tlsPort)
      try plain.send("*1\r\n$4\r\nPING\r\n")
      _ = try plain.untilClosed()
      let browser = try SocketClient(port: sluice.tlsPort)
      try browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try browser.untilClosed()
      let silent = try SocketClient(port: sluice.tlsPort)
      let begun = try SocketClient(port: sluice.tlsPort)
      try begun.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
      _ = try silent.untilClosed()
      _ = try begun.untilClosed()
      let untrusting = try Child.run("redis-cli", ["--tls", "-p", "\(sluice.tlsPort)", "ping"])
      #expect(!untrusting.output.contains("PONG"))
      let expected = ["not_tls": 2.0, "silent": 2, "untrusted": 1]
      try eventually("all are counted: \((try? sluice.status().description) ?? "")\(sluice.child.lastWords)")
      {
        let status = try sluice.status()
        return expected.allSatisfy { status.number("tls.clients.refused.\($0.key)") ?? 0 >= $0.value }
          && status.number("clients.connected") == 0
      }
      #expect(sluice.child.errors.contains("it speaks no TLS"))
      #expect(try cli(sluice, ["ping"]).output == "PONG\n")
    }

    @Test("hand-shakes count against max_clients")
    func counts() throws {
      var options = certificates.options()
      options.yaml += "limits:\n  max_clients: 2\n"
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let waiting = [try SocketClient(port: sluice.tlsPort), try SocketClient(port: sluice.tlsPort)]
      try eventually("the next one is turned away") {
        let next = try SocketClient(port: sluice.port)
        try next.send("PING\r\n")
        return try next.reply() == "-ERR max number of clients reached\r\n"
      }
      #expect(try SocketClient(port: sluice.tlsPort).untilClosed() == "")
      withExtendedLifetime(waiting) {}
    }

    @Test("certificates are changed under living connections, and a bad one changes nothing")
    func rotation() throws {
      let stacks = try stacks()
      let sluice = stacks.sluice
      let living = try RedisClient(sluice.tlsEndpoint(certificates.ca.trust()))
      #expect(try living.command("SET", "k", "v") == .status("OK"))
      let before = try look(sluice)
      #expect(before.contains("subject=CN = server"), "\(before)")

      let fresh = try certificates.ca.issue("fresh")
      try replace(certificates.server, by: fresh)
      #expect(try sluice.control("RELOAD").text?.contains("keeps") == false)
      #expect(try look(sluice).contains("subject=CN = fresh"))
      #expect(try living.command("GET", "k").text == "v")

      // The certificate of one and the key of another.
      let other = try certificates.ca.issue("other")
      try replace(certificates.server.certificate, by: other.certificate)
      let answer = try sluice.control("RELOAD").text ?? ""
      #expect(answer.contains("TLS of clients keeps its last good certificate"), "\(answer)")
      #expect(answer.contains("does not belong to"), "\(answer)")
      #expect(try sluice.status().text("tls.error")?.contains("does not belong to") == true)
      #expect(try look(sluice).contains("subject=CN = fresh"))

      try replace(certificates.server, by: other)
      sluice.child.send(SIGHUP)
      try eventually("SIGHUP reads them") { try look(sluice).contains("subject=CN = other") }
      #expect(try sluice.status().text("tls.error") == nil)
      #expect(try living.command("GET", "k").text == "v")
    }

    private func replace(_ one: CertificateAuthority.Identity, by other: CertificateAuthority.Identity) throws
    {
      try replace(one.certificate, by: other.certificate)
      try replace(one.key, by: other.key)
    }

    private func replace(_ file: String, by other: String) throws {
      try Data(contentsOf: URL(fileURLWithPath: other)).write(
        to: URL(fileURLWithPath: file), options: .atomic)
    }

    @Test("clients that ask for a name get its certificate")
    func names() throws {
      let named = try certificates.ca.issue("named", names: ["DNS:cache.example"])
      let stacks = try stacks(
        "names: [{name: cache.example, cert: \(named.certificate), key: \(named.key)}]"
      )
      let sluice = stacks.sluice
      #expect(try look(sluice, ["-servername", "cache.example"]).contains("subject=CN = named"))
      #expect(try look(sluice, ["-servername", "other.example"]).contains("subject=CN = server"))
      var tls = certificates.ca.trust()
      tls.name = "cache.example"
      #expect(try RedisClient(sluice.tlsEndpoint(tls)).command("PING") == .status("PONG"))
    }

    @Test("operators reach the control port by TLS")
    func operators() throws {
      let stacks = try stacks()
      let sluice = stacks.sluice
      func order(_ query: String, _ words: String...) throws -> (
        exit: Child.Exit, output: String, errors: String
      ) {
        try Child.run(
          SluiceProcess.executable(), words + ["--control", "tls:127.0.0.1:\(sluice.controlTLSPort)\(query)"])
      }
      let trust = "?ca=\(certificates.ca.certificate)"
      let status = try order(trust, "status")
      #expect(status.exit == .code(0), "\(status.errors)")
      #expect(try order(trust, "rollback", "why not").exit == .code(0))
      #expect(try sluice.status().flag("rolled_back") == true)
      let stranger = try order("", "status")
      #expect(stranger.exit == .code(69))
      #expect(
        stranger.errors.contains("that nobody in the CAs of this machine has signed"), "\(stranger.errors)")
      #expect(try order("?ca=/no/such.pem", "status").exit == .code(78))
      #expect(try order("?cafile=/ca.pem", "status").exit == .code(64))
      let cli = try Child.run(
        "redis-cli",
        ["--tls", "--cacert", certificates.ca.certificate, "-p", "\(sluice.controlTLSPort)", "STATUS"])
      #expect(cli.output.contains("\"rolled_back\" : true"), "\(cli.output)\(cli.errors)")
    }
  }
}
