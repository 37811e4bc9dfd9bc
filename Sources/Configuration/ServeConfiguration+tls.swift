import SluiceTLS

extension ServeConfiguration {
  /// How our doors speak TLS, as far as it was said; `server` is what came of it.
  public struct TLS: Sendable, Hashable {
    public var certificate: String?
    public var key: String?
    /// Other certificates, for clients that ask for a name.
    public var names: [Name] = []
    /// Who signs the certificates of clients.
    public var clientCA: String?
    /// Nil: `required` where there is a CA of clients, else `none`.
    public var clients: ServerTLS.Clients?
    public var minimum = Minimum.tls12
    /// For a client to get through the hand-shake.
    public var handshake: Duration = .seconds(10)

    public init() {}

    public struct Name: Sendable, Hashable {
      public var name: String
      public var certificate: String
      public var key: String
    }

    public enum Minimum: String, Sendable, Hashable, CaseIterable {
      case tls12 = "1.2"
      case tls13 = "1.3"
    }

    /// Nil where no certificate, or half of an identity, was named.
    public var server: ServerTLS? {
      guard let certificate, let key else { return nil }
      var server = ServerTLS(.init(certificate: certificate, key: key))
      for name in names { server.add(name.name, .init(certificate: name.certificate, key: name.key)) }
      server.clientCA = clientCA
      server.clients = whoShows
      server.onlyTLS13 = minimum == .tls13
      return server
    }

    var whoShows: ServerTLS.Clients { clients ?? (clientCA == nil ? .none : .required) }

    mutating func read(_ section: inout Section) {
      certificate = section.value("cert", ValueParsers.path)
      key = section.value("key", ValueParsers.path)
      names = section.list("names") { entry in
        let name = entry.value("name", ValueParsers.path)
        let (certificate, key) = (
          entry.value("cert", ValueParsers.path), entry.value("key", ValueParsers.path)
        )
        guard let name, let certificate, let key else {
          entry.note("name", "needs name, cert and key; say all three")
          return nil
        }
        return Name(name: name, certificate: certificate, key: key)
      }
      clientCA = section.value("client_ca", ValueParsers.path)
      clients = section.value("client_certificates", ValueParsers.choice("is no way to ask for certificates"))
      // What goes without saying is not said.
      if clients == (clientCA == nil ? ServerTLS.Clients.none : .required) { clients = nil }
      minimum = section.value("minimum", ValueParsers.choice("is no version that is spoken")) ?? minimum
      handshake =
        section.value("handshake", ValueParsers.duration(.milliseconds(10) ... .seconds(300))) ?? handshake
    }
  }

  /// Half a configuration of TLS is none: what is missing, by the names of the settings that the doors were given by.
  func tlsProblems(listen: String, control: String, admin: String) -> [ConfigurationProblem] {
    func problem(_ path: String, _ reason: String) -> [ConfigurationProblem] {
      [ConfigurationProblem(path: path, reason: reason)]
    }
    switch (tls.certificate, tls.key) {
    case (.some, nil): return problem("tls.cert", "is set without its key; name it by tls.key or --tls-key")
    case (nil, .some):
      return problem("tls.key", "is set without its certificate; name it by tls.cert or --tls-cert")
    case (.some, .some), (nil, nil): break
    }
    let doors = [(listen, self.listen), (control, self.control), (admin, self.admin.listen)]
    guard tls.certificate != nil else {
      for (name, all) in doors {
        guard let door = all.first(where: \.isTLS) else { continue }
        return problem(
          name,
          "\(door) speaks TLS without a certificate; name one by tls.cert and tls.key (--tls-cert, --tls-key)"
        )
      }
      if tls.clientCA != nil || !tls.names.isEmpty || tls.clients != nil {
        return problem("tls", "is set without a certificate; name one by tls.cert and tls.key")
      }
      return []
    }
    guard doors.contains(where: { $0.1.contains(where: \.isTLS) }) else {
      return problem(
        "tls.cert",
        "is set although no address speaks TLS; write one as tls:host:port in listen, control or admin")
    }
    if tls.clientCA == nil, tls.whoShows != .none {
      return problem(
        "tls.client_certificates",
        "is \(tls.whoShows.rawValue) without a CA that signs them; name it by tls.client_ca")
    }
    if tls.clientCA != nil, tls.whoShows == .none {
      return problem(
        "tls.client_ca", "is set although client_certificates is none; write required or optional")
    }
    guard let server = tls.server else { return [] }
    do throws(TLSFault) { _ = try ServerTLSContext(server) } catch {
      return problem("tls", error.description)
    }
    return []
  }

  /// Whether the files of each stack's TLS can be used.
  func stackTLSProblems(legacy: String, new: String) -> [ConfigurationProblem] {
    [(legacy, stacks.legacy), (new, stacks.new)].flatMap { name, stack in
      guard let tls = stack.endpoint.tls else { return [ConfigurationProblem]() }
      do throws(TLSFault) { _ = try ClientTLSContext(tls) } catch {
        return [ConfigurationProblem(path: name, reason: error.description)]
      }
      return []
    }
  }

  /// Stacks whose certificates nobody checks, one sentence each.
  var tlsWarnings: [String] {
    [("legacy", stacks.legacy), ("new", stacks.new)].compactMap { name, stack in
      guard stack.endpoint.tls?.check == ClientTLS.Check.none else { return nil }
      return
        "nobody checks whose certificate stack \(name) has (check is none): whoever stands between can read and change "
        + "everything; name its CA by stacks.\(name).tls.ca"
    }
  }
}

extension StackConfiguration {
  /// Reads `tls: {ca: …, cert: …, key: …, name: …, check: full}`; only for an endpoint of `rediss://`.
  mutating func readTLS(_ stack: inout Section) {
    var section = stack.section("tls")
    var tls = endpoint.tls ?? ClientTLS()
    var isSet = false
    for setting in ClientTLS.settings {
      guard let value = section.value(setting, ValueParsers.path) else { continue }
      isSet = true
      do throws(TLSFault) { try tls.set(setting, to: value) } catch {
        section.note(setting, error.description)
      }
    }
    if let half = tls.halfIdentity {
      section.note(tls.key == nil ? "cert" : "key", half)
      isSet = false
    }
    stack.finish(section)
    guard isSet else { return }
    guard let said = endpoint.tls else {
      return stack.note("tls", "is set although the URL speaks no TLS; write rediss://, or leave it out")
    }
    if said != ClientTLS() {
      stack.note("tls", "is set although the URL says it too (?…); keep one of the two")
    }
    endpoint.tls = tls
  }
}
