import SluiceLoadGenerator
import Testing

@testable import SluiceConfiguration

@Suite struct AdminConfigurationTests {
  private func load(
    _ yaml: String, _ change: (inout ServeOptions) -> Void = { _ in }, environment: [String: String] = [:]
  ) throws -> ServeConfiguration {
    var options = ServeOptions()
    change(&options)
    return try ServeConfiguration.load(yaml: yaml, options: options, environment: environment)
  }

  private func problems(
    _ yaml: String, _ change: (inout ServeOptions) -> Void = { _ in }, environment: [String: String] = [:]
  ) -> String {
    do {
      _ = try load(yaml, change, environment: environment)
      return ""
    } catch { return "\(error)" }
  }

  @Test("off unless asked for; an address, a list or a mapping")
  func forms() throws {
    #expect(try load("{}").admin.listen.isEmpty)
    let usual = Address.tcp(host: "127.0.0.1", port: 6402)
    #expect(try load("admin: 127.0.0.1:6402").admin.listen == [usual])
    #expect(
      try load("admin: [127.0.0.1:6402, 'unix:/run/s']").admin.listen == [usual, .unix(path: "/run/s")])
    let all = try load("admin: { listen: 127.0.0.1:6402, tokens_file: tokens, proxies: [10.0.0.5, '::1'] }")
      .admin
    #expect(all.listen == [usual] && all.tokensFile == "tokens" && all.proxies == ["10.0.0.5", "::1"])
    let flags = try load("admin: { listen: 127.0.0.1:1, tokens_file: a }") {
      $0.admin = ["127.0.0.1:2"]
      $0.adminTokens = "b"
    }.admin
    #expect(flags.listen == [.tcp(host: "127.0.0.1", port: 2)] && flags.tokensFile == "b")
    #expect(try Address(parsing: ServeConfiguration.Admin.usual) == usual)
  }

  @Test("what is wrong is named")
  func wrong() {
    #expect(problems("admin: nowhere").contains("admin"))
    #expect(problems("admin: { listn: 127.0.0.1:1 }").contains("did you mean listen?"))
    #expect(problems("admin: { listen: 127.0.0.1:1, proxies: [proxy.example] }").contains("is no IP address"))
    #expect(problems("admin: { tokens_file: tokens }").contains("and not where"))
    #expect(problems("admin: 127.0.0.1:6401").contains("already taken by another listener"))
    let missing = problems("admin: { listen: 127.0.0.1:1, fleet: /nowhere/fleet.yaml }")
    #expect(missing.contains("admin.fleet: the file \"/nowhere/fleet.yaml\" cannot be used"))
    #expect(problems("admin: tls:127.0.0.1:6402").contains("speaks TLS without a certificate"))
  }

  @Test(
    "other machines come by TLS and with tokens alone; and no way leads round the control port's password")
  func open() throws {
    #expect(problems("admin: 0.0.0.0:6402").contains("tokens would be read on the way"))
    #expect(problems("admin: 0.0.0.0:6402").contains("nobody is asked for a token"))
    #expect(problems("admin: { listen: 0.0.0.0:6402, tokens_file: t }").contains("write tls:0.0.0.0:6402"))
    #expect(problems("admin: { listen: 10.0.0.5:6402, tokens_file: t }").contains("write tls:"))
    #expect(!problems("admin: { listen: tls:0.0.0.0:6402, tokens_file: t }").contains("other machines"))
    #expect(problems("admin: tls:0.0.0.0:6402").contains("nobody is asked for a token"))
    // --no-auth is of passwords, and no word for a door without tokens.
    let told = problems("admin: 0.0.0.0:6402") { $0.noAuth = true }
    #expect(told.contains("nobody is asked for a token"))
    let locked = ["SLUICE_CONTROL_PASSWORD": "secret"]
    #expect(problems("admin: 127.0.0.1:6402", environment: locked).contains("would need none"))
    #expect(problems("admin: { listen: 127.0.0.1:6402, tokens_file: t }", environment: locked) == "")
  }
}
