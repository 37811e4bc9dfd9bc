import SluiceServers

extension Assessment {
  var serverRows: [AssessmentRow] {
    [versionRow, clusterRow, replicaRow] + moduleRows + [scriptRow, eventRow].compactMap(\.self) + unknownRows
  }

  private var versionRow: AssessmentRow {
    guard let new else {
      return AssessmentRow(
        .servers, "versions", .look, "legacy is \(legacy.facts.name); new is not named",
        do: "name it by --new: much of this depends on both")
    }
    let pair = "\(legacy.facts.name) to \(new.facts.name)"
    if let run = legacy.facts.run, run == new.facts.run, legacy.database == new.database {
      return AssessmentRow(
        .servers, "versions", .stops, "\(pair), and both addresses lead to the same database of one server",
        do: "name another one by --new")
    }
    for (side, facts) in [("legacy", legacy.facts), ("new", new.facts)] {
      if case .other = facts.kind {
        return AssessmentRow(
          .servers, "versions", .look, "\(pair): \(side) is no server that Sluice was measured with",
          do: "rehearse the whole migration, and read what status ignores and what differs")
      }
      if let version = facts.version, version < ServerVersion(6, 2) {
        return AssessmentRow(
          .servers, "versions", .look, "\(pair): \(side) is older than 6.2, the oldest that was measured",
          do: "rehearse the whole migration first")
      }
    }
    return AssessmentRow(.servers, "versions", .fine, pair)
  }

  private var clusterRow: AssessmentRow {
    let clustered = [("legacy", legacy), ("new", new ?? ServerSurvey())].filter {
      $0.1.facts.isCluster == true
    }
    guard !clustered.isEmpty else { return AssessmentRow(.servers, "cluster", .fine, "none") }
    return AssessmentRow(
      .servers, "cluster", .stops, "\(clustered.map(\.0).joined(separator: " and ")) is a node of a cluster",
      do: "Sluice speaks to single servers; put a proxy that makes one of it in between")
  }

  private var replicaRow: AssessmentRow {
    for (side, survey) in [("legacy", legacy), ("new", new ?? ServerSurvey())] where survey.isReplica == true
    {
      return AssessmentRow(
        .servers, "replication", .stops, "\(side) is a replica, and takes no writes",
        do: "name the primary's address")
    }
    guard let replicas = legacy.replicas, replicas > 0 else {
      return AssessmentRow(.servers, "replication", .fine, "no replicas of legacy")
    }
    return AssessmentRow(
      .servers, "replication", .look, "legacy has \(Quantity.count(replicas, "replica"))",
      do: "clients that read from replicas do not pass the proxy: point them at it, or leave them for the end"
    )
  }

  private var moduleRows: [AssessmentRow] {
    guard let modules = legacy.facts.modules, !modules.isEmpty else {
      return [AssessmentRow(.servers, "modules", .fine, "legacy has none")]
    }
    guard let others = new?.facts.modules else {
      return [
        AssessmentRow(
          .servers, "modules", .look, "legacy has \(Self.list(modules))", do: "see that new has them too")
      ]
    }
    let missing = modules.filter { !others.contains($0) }
    guard !missing.isEmpty else {
      return [AssessmentRow(.servers, "modules", .fine, "both have \(Self.list(modules))")]
    }
    // Whether somebody uses it show the commands and the types.
    return [
      AssessmentRow(
        .servers, "modules", .look, "new lacks \(Self.list(missing))",
        do: "load them on new, if the commands and types below are theirs")
    ]
  }

  private var scriptRow: AssessmentRow? {
    guard legacy.cachedScripts != nil || legacy.functions != nil else { return nil }
    let (scripts, functions) = (legacy.cachedScripts ?? 0, legacy.functions ?? 0)
    guard scripts > 0 || functions > 0 else {
      return AssessmentRow(.servers, "scripts", .fine, "neither scripts nor functions")
    }
    let found = "\(Quantity.count(scripts, "cached script")), \(Quantity.count(functions, "function"))"
    if functions > 0 {
      let canTake = new.map { $0.commands == nil || $0.has("FUNCTION|LOAD") } ?? true
      return AssessmentRow(
        .servers, "scripts", canTake ? .look : .stops,
        found + (canTake ? "" : "; new has no functions"),
        do: canTake
          ? "load the functions on new (FUNCTION DUMP and RESTORE): what is loaded through the proxy goes to both, what is there already does not"
          : "move them to EVAL, or choose a newer server")
    }
    return AssessmentRow(
      .servers, "scripts", .look, found,
      do: "scripts must declare their keys; what is loaded through the proxy is loaded on both")
  }

  private var eventRow: AssessmentRow? {
    guard let events = legacy.events else { return nil }
    guard !events.isEmpty else { return AssessmentRow(.servers, "keyspace events", .fine, "off") }
    let isSame = new?.events.map { Set($0) == Set(events) }
    return AssessmentRow(
      .servers, "keyspace events", .look,
      "legacy sends them (\(events))"
        + (isSame == false ? ", new \(new?.events == "" ? "does not" : "others")" : ""),
      do:
        "who listens is told by each server for itself: a mirrored write is an event on both; set notify-keyspace-events on new"
    )
  }

  private var unknownRows: [AssessmentRow] {
    [("legacy", legacy), ("new", new ?? ServerSurvey())].compactMap { side, survey in
      guard side == "legacy" || new != nil else { return nil }
      let unknown = survey.unknown
      guard !unknown.isEmpty else { return nil }
      return AssessmentRow(
        .servers, "not known of \(side)", .look, Self.list(unknown, most: 40),
        do: "what depends on it is left open here; a managed server hides such things, and works all the same"
      )
    }
  }

  static func list(_ words: [String], most: Int = 12) -> String {
    let shown = words.prefix(most).map { String($0.prefix(100)) }.joined(separator: ", ")
    return words.count > most ? "\(shown) and \(words.count - most) more" : shown
  }
}

extension ServerSurvey {
  /// Whether it has told of the command.
  func has(_ command: String) -> Bool { commands?.contains { $0.name == command } ?? false }
}
