extension Assessment {
  var valueRows: [AssessmentRow] {
    guard let sample = legacy.sample else {
      return [
        AssessmentRow(
          .values, "sample", .look, "no key could be looked at (SCAN)",
          do: "let the user that assesses use SCAN, TYPE, PTTL and MEMORY USAGE")
      ]
    }
    guard sample.count > 0 else {
      return [
        AssessmentRow(
          .values, "sample", .look, "no keys in db\(sample.database)", do: "assess a server that holds some")
      ]
    }
    return [sampleRow(sample)] + typeRows(sample) + [fieldTimeRow(sample)].compactMap(\.self)
      + [lifeRow(sample)] + bigRows(sample)
  }

  private func sampleRow(_ sample: KeySample) -> AssessmentRow {
    let all = sample.isComplete ? sample.count : sample.size ?? sample.count
    return AssessmentRow(
      .values, "sample", .fine,
      "\(Quantity.count(sample.count, "key")) of \(Quantity.count(all)) in db\(sample.database)"
        + (sample.isComplete ? "" : "; counts below are extrapolated from them"))
  }

  private func typeRows(_ sample: KeySample) -> [AssessmentRow] {
    sample.kinds.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(20).map { type, kind in
      let about = sample.isComplete ? "" : "about "
      var found = "\(about)\(Quantity.count(sample.extrapolated(kind.count), "key"))"
      if sample.hasBytes { found += ", \(Quantity.bytes(sample.extrapolated(kind.bytes)))" }
      let encodings = kind.encodings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key).filter {
        !$0.isEmpty
      }
      if !encodings.isEmpty { found += " (\(Self.list(encodings)))" }
      guard let new else { return AssessmentRow(.values, type, .fine, found) }
      let there = CopyOutlook(type, from: legacy, to: new)
      let back = CopyOutlook(type, from: new, to: legacy)
      found += "; there: \(there.text), back: \(back.text)"
      if kind.inPieces > 0 {
        found += "; \(about)\(Quantity.count(sample.extrapolated(kind.inPieces))) in pieces"
      }
      if there == .no {
        return AssessmentRow(
          .values, type, .stops, found,
          do: "new has no such type: leave these keys where they are, or choose a server that has it")
      }
      return AssessmentRow(
        .values, type, back == .no || !CopyOutlook.isBuiltIn(type) ? .look : .fine, found,
        do: back == .no
          ? "what is written on new cannot come back: a rollback names such keys and misses them"
          : CopyOutlook.isBuiltIn(type) ? "" : "it is a module's: rehearse it with this very version on both")
    }
  }

  /// Hashes whose fields expire, which no older server can hold.
  private func fieldTimeRow(_ sample: KeySample) -> AssessmentRow? {
    let hashes = sample.kinds["hash"] ?? KeySample.Kind()
    guard let new, hashes.withFieldTimes > 0 else {
      // Nobody has them yet. They could be made on new, and not come back.
      guard let new, new.facts.hasFieldTimes, !legacy.facts.hasFieldTimes else {
        return nil
      }
      return AssessmentRow(
        .values, "fields that expire", .look, "new can have them, legacy cannot",
        do: "let no application use HEXPIRE before stage complete: such keys could not come back")
    }
    let found =
      "about \(Quantity.count(sample.extrapolated(hashes.withFieldTimes), "hash", "hashes")) have some"
    guard !new.facts.hasFieldTimes else {
      return AssessmentRow(.values, "fields that expire", .fine, found)
    }
    return AssessmentRow(
      .values, "fields that expire", .stops, "\(found), and new cannot have them",
      do: "choose Redis 7.4, Valkey 9.0 or later for new, or stop using HEXPIRE")
  }

  private func lifeRow(_ sample: KeySample) -> AssessmentRow {
    let parts = KeySample.Life.allCases.compactMap { life in
      sample.lives[life].map { "\(life.rawValue) \(Quantity.percent($0, of: sample.count))" }
    }
    let forever = sample.lives[.forever] ?? 0
    let short = sample.lives[.minute] ?? 0
    if short * 2 > sample.count {
      return AssessmentRow(
        .values, "times to live", .fine, Self.list(parts),
        do: "most keys fill new by themselves in dualwrite: a warm-up is hardly worth its load")
    }
    return AssessmentRow(
      .values, "times to live", .fine, Self.list(parts),
      do: forever > 0 ? "what has no time to live comes to new by sluice warm, or when it is written" : "")
  }

  /// Few keys that are large are seldom in a sample: they show in what it does not explain.
  private func unseenRow(_ sample: KeySample) -> AssessmentRow? {
    guard sample.hasBytes, !sample.isComplete, let used = shareOfMemory(sample) else { return nil }
    let sampled = sample.extrapolated(sample.bytes)
    guard used / 2 > sampled, used - sampled > 64 << 20 else { return nil }
    return AssessmentRow(
      .values, "big keys", .look,
      "keys like those of the sample would take \(Quantity.bytes(sampled)), and \(Quantity.bytes(used)) are in use: "
        + "there are larger ones that it has not met",
      do:
        "find them with --sample 200000 --rate 20000, or with redis-cli --memkeys: they are copied in pieces")
  }

  private func bigRows(_ sample: KeySample) -> [AssessmentRow] {
    let unseen = [unseenRow(sample)].compactMap(\.self)
    guard !sample.biggest.isEmpty else {
      if !unseen.isEmpty { return unseen }
      return [
        AssessmentRow(
          .values, "big keys", .fine,
          sample.hasBytes
            ? "none above \(Quantity.bytes(KeySample.bigBytes)) in the sample" : "not known: no MEMORY USAGE")
      ]
    }
    return unseen
      + sample.biggest.map { key in
        let elements =
          key.length.map { key.type == "string" ? "" : ", \(Quantity.count($0, "element"))" } ?? ""
        return AssessmentRow(
          .values, "big key", .look,
          "\(String(decoding: key.name.prefix(80), as: UTF8.self))\(key.name.count > 80 ? "…" : ""): \(key.type), "
            + "\(Quantity.bytes(key.bytes ?? 0))\(elements)",
          do: key.type == "list" || key.type == "string"
            ? "it is copied in pieces, and anew if it is written meanwhile: is it written all the time?"
            : "it is copied in pieces, in turn with the traffic")
      }
  }
}
