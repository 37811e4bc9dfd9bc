import SluiceCommands

extension Assessment {
  var clientRows: [AssessmentRow] { libraryRows + protocolRows }

  private var libraryRows: [AssessmentRow] {
    guard let libraries = legacy.libraries else {
      let connected = legacy.connectedClients.map { "; \(Quantity.count($0, "client")) now" } ?? ""
      return [
        AssessmentRow(
          .clients, "clients", .look, "legacy does not say who they are (CLIENT LIST)\(connected)",
          do: "ask the teams: each client's address changes")
      ]
    }
    guard !libraries.isEmpty else {
      return [AssessmentRow(.clients, "clients", .look, "none just now", do: "ask again when traffic is on")]
    }
    let ordered = libraries.sorted {
      ($1.value, $0.key.name, $0.key.version) < ($0.value, $1.key.name, $1.key.version)
    }
    return ordered.prefix(20).map { library, count in
      guard !library.name.isEmpty else {
        return AssessmentRow(
          .clients, "without a name", .look, "\(Quantity.count(count, "connection"))",
          do:
            "a client names itself by CLIENT SETNAME, its library since Redis 7.2 by CLIENT SETINFO; find out whose they are"
        )
      }
      return AssessmentRow(
        .clients, library.version.isEmpty ? library.name : "\(library.name) \(library.version)", .fine,
        Quantity.count(count, "connection"))
    }
  }

  private var protocolRows: [AssessmentRow] {
    var rows: [AssessmentRow] = []
    if legacy.resp3Clients > 0 {
      rows.append(
        AssessmentRow(
          .clients, "RESP3", .fine, "\(Quantity.count(legacy.resp3Clients, "client")) of legacy speak it",
          do: "they are answered in it, unless a stack has layers or lives in memory"))
    }
    if legacy.trackingClients > 0 {
      rows.append(
        AssessmentRow(
          .clients, "client-side caching", .stops,
          "\(Quantity.count(legacy.trackingClients, "client")) of legacy use CLIENT TRACKING",
          do: "switch it off: through the proxy nobody tells them what has changed"))
    }
    if legacy.pubsubClients > 0 || (legacy.channels ?? 0) > 0 || (legacy.patterns ?? 0) > 0 {
      rows.append(
        AssessmentRow(
          .clients, "subscribers", judged(.pubsub).verdict,
          "\(Quantity.count(legacy.pubsubClients, "subscriber")); \(Quantity.count(legacy.channels ?? 0, "channel")), "
            + Quantity.count(legacy.patterns ?? 0, "pattern"),
          do: "publishers and subscribers connect to one server itself until both can move"))
    }
    return rows
  }

  var proxyRows: [AssessmentRow] {
    guard let proxy else { return [] }
    func row(_ count: Proxy.Count, _ verdict: AssessmentRow.Verdict, _ what: String, _ advice: String)
      -> AssessmentRow
    {
      let who = count.client.isEmpty ? "" : ", last by \(count.client)"
      return AssessmentRow(
        .proxy, count.command, verdict, "\(what) \(Quantity.count(count.count, "time"))\(who)", do: advice)
    }
    let refused = proxy.refusals.prefix(30).map { count in
      let judged = Refusal(rawValue: count.reason).map(judged) ?? (.look, "see docs/commands.md")
      return row(count, judged.verdict, "refused (\(count.reason))", judged.advice)
    }
    let lacking = proxy.lacks.prefix(30).map { count in
      let isNew = count.reason.hasPrefix("new")
      return row(
        count, isNew ? .stops : .look, isNew ? "new lacks it; asked" : "legacy lacks it; asked",
        isNew ? "change the application, or choose a server that has it" : "a rollback takes it away again")
    }
    guard !refused.isEmpty || !lacking.isEmpty else {
      return [AssessmentRow(.proxy, "refused or lacking", .fine, "nothing since its start")]
    }
    return refused + lacking
  }
}
