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
      legacy: options.legacy == nil ? "stacks.legacy" : "--legacy",
      new: options.new == nil ? "stacks.new" : "--new"
    )
    var taken: Set<Address> = []
    for (name, addresses) in [(names.listen, listen), (names.control, control)] {
      for address in addresses where !address.isChosenByKernel && !taken.insert(address).inserted {
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
    return problems
  }

  /// What is allowed but should be looked at: one sentence each, without secrets.
  public var warnings: [String] {
    guard password == nil else { return [] }
    return control.filter { !$0.isLocal }.map {
      "the control port \($0) is open to the network without a password: anyone there can move traffic; "
        + "set auth.password_file or listen on 127.0.0.1"
    }
  }
}

extension Address {
  fileprivate var isChosenByKernel: Bool {
    if case .tcp(_, 0) = self { true } else { false }
  }
}
