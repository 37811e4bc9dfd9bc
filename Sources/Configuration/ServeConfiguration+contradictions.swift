extension ServeConfiguration {
  /// What is wrong between settings that are each right. A setting is named as it was given: by flag or by
  /// path.
  func contradictions(_ options: ServeOptions) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func note(_ path: String, _ reason: String) {
      problems.append(ConfigurationProblem(path: path, reason: reason))
    }
    let names = (
      listen: options.listen.isEmpty ? "listen" : "--listen",
      control: options.control.isEmpty ? "control" : "--control",
      admin: options.admin.isEmpty ? "admin.listen" : "--admin",
      legacy: options.legacy == nil ? "stacks.legacy" : "--legacy",
      new: options.new == nil ? "stacks.new" : "--new"
    )
    var taken: Set<Address> = []
    for (name, addresses) in [
      (names.listen, listen), (names.control, control), (names.admin, admin.listen),
    ] {
      for address in addresses where !address.hasNoPort && !taken.insert(address.place).inserted {
        note(name, "\(address) is already taken by another listener; choose another port")
      }
    }
    if stacks.legacy.endpoint.sharesData(with: stacks.new.endpoint) {
      note(names.new, "is the same database as the legacy stack; writes would run twice, so name another one")
    }
    for (name, stack) in [(names.legacy, stacks.legacy), (names.new, stacks.new)] {
      if let address = stack.endpoint.address, taken.contains(address) {
        note(name, "\(address) is where Sluice itself listens; name the cache behind it")
      }
      if stack.endpoint.user != nil, stack.endpoint.password == nil {
        note(name, "names a user but no password; write user:password@ or use password_file")
      }
    }
    if flags.source != nil, flags.path == nil {
      note(
        "flags.url",
        "needs flags.path: what was fetched last is kept there, for the time in which nobody answers")
    }
    if let password, password == controlPassword {
      note(
        options.controlPasswordFile == nil ? "auth.control_password_file" : "--control-password-file",
        "is the clients' password, and whoever reads the cache could move traffic; give the control port one of its own"
      )
    }
    if let controlPassword, sharesPassword(controlPassword) {
      note(
        "users",
        "has the password of the control port, and who may read the cache may not move its traffic; give each its own"
      )
    }
    if options.checksDoors {
      problems += tlsProblems(listen: names.listen, control: names.control, admin: names.admin)
      problems += adminProblems(named: names.admin)
    }
    problems += stackTLSProblems(legacy: names.legacy, new: names.new)
    if options.checksDoors, !allowsNoPassword {
      for (door, address) in openDoors {
        note(
          door == .clients ? names.listen : names.control,
          "other machines can reach \(address), and nobody is asked for a password; name one by \(door.flag), "
            + "listen on 127.0.0.1, or say --no-auth if it is meant so")
      }
    }
    return problems
  }

  /// Whether other machines would be let in without a login if these were the users: the doors and the password are those of the start.
  public func wouldBeOpen(with users: [User]) -> Bool {
    var then = self
    then.users = users
    return !allowsNoPassword && !then.openDoors.isEmpty && openDoors.isEmpty
  }

  /// As far as it can be told in no time.
  private func sharesPassword(_ password: Secret) -> Bool {
    users.contains { $0.passwords.contains { !$0.isSlow && $0.isRight(Array(password.revealed.utf8)) } }
  }

  private enum Door {
    case clients, operators

    /// What names its password.
    var flag: String { self == .clients ? "--password-file" : "--control-password-file" }
  }

  /// Where other machines are listened to without a password.
  private var openDoors: [(Door, Address)] {
    // Who must show a certificate is known without a password.
    func isOpen(_ address: Address) -> Bool {
      !address.isLocal && !(address.isTLS && tls.whoShows == .required)
    }
    let clients = lacksLogin ? listen.filter(isOpen) : []
    let operators = controlPassword == nil ? control.filter(isOpen) : []
    return clients.map { (.clients, $0) } + operators.map { (.operators, $0) }
  }

  /// What is allowed but should be looked at: one sentence each, without secrets.
  public var warnings: [String] {
    var warnings = openDoors.map { door, address in
      door == .clients
        ? "clients on other machines need no password at \(address): anyone there can read, write and empty the cache; "
          + "set auth.password_file or listen on 127.0.0.1"
        : "the control port \(address) is open to the network without a password: anyone there can move traffic; "
          + "set auth.control_password_file or listen on 127.0.0.1"
    }
    warnings += tlsWarnings + userWarnings
    // The password of clients opened the control port as well, once.
    if password != nil, controlPassword == nil {
      warnings += control.filter { $0.isLocal && $0.isTCP && !($0.isTLS && tls.whoShows == .required) }.map {
        "the control port \($0) asks for no password (that of clients does not count there): any user of this machine "
          + "can move traffic; set auth.control_password_file or listen on a unix socket"
      }
    }
    return warnings
  }
}

extension Address {
  fileprivate var isTCP: Bool { if case .tcp = place { true } else { false } }
}
