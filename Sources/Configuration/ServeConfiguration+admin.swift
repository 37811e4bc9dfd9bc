import Yams

extension ServeConfiguration {
  /// The door for machines and people: health, metrics, the page, orders by HTTP.
  public struct Admin: Sendable, Hashable {
    /// Where it listens; empty: there is none.
    public var listen: [Address] = []
    /// The file that says who may come, and what for; nil asks nobody, which is for this machine alone.
    public var tokensFile: String?
    /// Proxies in front that say by X-Forwarded-User who it is: their addresses.
    public var proxies: [String] = []
    /// The file of the proxies that the page shows beside each other, and what it said; nil shows this one alone.
    public var fleetFile: String?
    public var fleet: Fleet?

    public init() {}

    /// What `--admin` without an address means.
    public static let usual = "127.0.0.1:6402"

    mutating func read(_ section: inout Section) {
      listen = section.values("listen", Address.init(parsing:)) ?? []
      tokensFile = section.value("tokens_file", ValueParsers.path)
      proxies = section.values("proxies", Self.proxy) ?? []
      if let (path, fleet) = section.value("fleet", Self.fleet) { (fleetFile, self.fleet) = (path, fleet) }
    }

    private static func fleet(_ path: String) throws(ValueError) -> (String, Fleet) {
      do throws(ConfigurationError) { return (path, try Fleet.load(file: path, by: .admin)) } catch {
        let first = error.problems.first.map { "\($0)" } ?? "cannot be read"
        throw ValueError("the file \"\(path)\" cannot be used: \(first)")
      }
    }

    private static func proxy(_ text: String) throws(ValueError) -> String {
      guard Address.isNumeric(text) else {
        throw ValueError("\"\(text)\" is no IP address; write that of the proxy, as 10.0.0.5")
      }
      return text
    }
  }

  /// `admin: 127.0.0.1:6402`, a list of addresses, or a mapping with more.
  mutating func readAdmin(_ top: inout Section) {
    guard let node = top.node("admin") else { return }
    guard node.mapping == nil else {
      var section = top.section("admin")
      admin.read(&section)
      return top.finish(section)
    }
    admin.listen = top.values("admin", Address.init(parsing:)) ?? []
  }

  /// Whoever reaches the door can move traffic, unless tokens say otherwise.
  func adminProblems(named listen: String) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func note(_ path: String, _ reason: String) {
      problems.append(ConfigurationProblem(path: path, reason: reason))
    }
    for address in admin.listen where !address.isLocal {
      if !address.isTLS {
        note(
          listen,
          "other machines can reach \(address), and tokens would be read on the way; write tls:\(address), or listen on 127.0.0.1"
        )
      }
      if admin.tokensFile == nil {
        note(
          listen,
          "other machines can reach \(address), and nobody is asked for a token; name a file of them by admin.tokens_file, or listen on 127.0.0.1"
        )
      }
    }
    guard !admin.listen.isEmpty else {
      if admin.tokensFile != nil || !admin.proxies.isEmpty || admin.fleet != nil {
        note("admin", "says who may come, or what they see, and not where; write listen: \(Admin.usual)")
      }
      return problems
    }
    if controlPassword != nil, admin.tokensFile == nil {
      note(
        listen,
        "the control port asks for a password, and whoever comes here would need none; name a file of tokens by admin.tokens_file"
      )
    }
    return problems
  }
}
