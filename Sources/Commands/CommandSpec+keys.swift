import SluiceRESP

extension CommandSpec {
  /// Writes the positions of the arguments that are keys into `indices`, in the order of `COMMAND GETKEYS`.
  ///
  /// Every position is below `arguments.count`, whatever a client sent. Arguments that are missing are left
  /// out: the server, or `accepts(count:)`, says what is wrong. Allocates nothing once `indices` has room.
  ///
  /// - Parameters:
  ///   - frame: the bytes of the whole command.
  ///   - arguments: ranges inside `frame`, the name first.
  ///   - indices: owned by the caller and reused; emptied first.
  public func keyIndices(
    in frame: Span<UInt8>, arguments: Span<ArgumentRange>, into indices: inout [Int]
  ) -> KeyExtraction {
    indices.removeAll(keepingCapacity: true)
    switch keys {
    case .none:
      return .found
    case .range(let first, let last, let step):
      return range(first, last, step, arguments.count, &indices)
    case .counted(let countAt, let firstKey, let destination):
      return counted(countAt, firstKey, destination, frame, arguments, &indices)
    case .sortStore:
      return sortStore(frame, arguments, &indices)
    case .geoStore:
      return geoStore(frame, arguments, &indices)
    case .streams:
      return streams(frame, arguments, &indices)
    case .migrate:
      return migrate(frame, arguments, &indices)
    case .specs(let specs):
      if specs.append(to: &indices, in: frame, arguments) { return .found }
      indices.removeAll(keepingCapacity: true)
      return .invalid(message: KeySpecs.badCountMessage)
    }
  }

  private func range(
    _ first: Int, _ last: Int, _ step: Int, _ count: Int, _ indices: inout [Int]
  ) -> KeyExtraction {
    let end = last < 0 ? count &+ last : min(last, count &- 1)
    guard first <= end else { return .found }
    // Pairs of key and value that do not come out even.
    if step > 1, (count &- first) % step != 0 { return .invalid(message: wrongArityMessage) }
    var index = first
    while index <= end {
      indices.append(index)
      index &+= step
    }
    return .found
  }

  private func counted(
    _ countAt: Int, _ firstKey: Int, _ destination: Int?, _ frame: Span<UInt8>,
    _ arguments: Span<ArgumentRange>, _ indices: inout [Int]
  ) -> KeyExtraction {
    guard countAt < arguments.count else { return .found }
    guard let numkeys = arguments.integer(at: countAt, in: frame) else {
      return .invalid(message: noNumberMessage)
    }
    // A script may well have no keys, a set operation may not.
    if numkeys < (isScript || isTransaction ? 0 : 1) { return .invalid(message: tooFewKeysMessage) }
    if numkeys > arguments.count &- firstKey { return .invalid(message: tooManyKeysMessage) }
    if let destination { indices.append(destination) }
    for index in firstKey..<firstKey &+ numkeys { indices.append(index) }
    return .found
  }

  private func sortStore(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ indices: inout [Int]
  ) -> KeyExtraction {
    guard arguments.count > 1 else { return .found }
    indices.append(1)
    // SORT_RO has no STORE; the server says so.
    guard access == .write else { return .found }
    var destination: Int?
    var index = 2
    while index < arguments.count {
      let option = SortOption(arguments, at: index, in: frame)
      // The last STORE wins, as in the server.
      if option == .store, index &+ 1 < arguments.count { destination = index &+ 1 }
      index &+= option?.width ?? 1
    }
    if let destination { indices.append(destination) }
    return .found
  }

  private func geoStore(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ indices: inout [Int]
  ) -> KeyExtraction {
    guard arguments.count > 1 else { return .found }
    indices.append(1)
    // GEORADIUSBYMEMBER's first option; one place earlier than GEORADIUS's, where its unit stands.
    var index = 5
    while index &+ 1 < arguments.count {
      if arguments.holds("STORE", at: index, in: frame) || arguments.holds("STOREDIST", at: index, in: frame)
      {
        index &+= 1
        indices.append(index)
      }
      index &+= 1
    }
    return .found
  }

  private func streams(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ indices: inout [Int]
  ) -> KeyExtraction {
    var index = 1
    while index < arguments.count {
      // An option of a later server (`CLAIM min-idle` of Redis 8.4) is passed over word by word: `STREAMS` ends it.
      guard let option = StreamOption(arguments, at: index, in: frame) else {
        index &+= 1
        continue
      }
      guard option == .streams else {
        index &+= option.width
        continue
      }
      let first = index &+ 1
      let rest = arguments.count &- first
      guard rest > 0 else { break }
      guard rest % 2 == 0 else { return .invalid(message: Self.unbalancedStreamsMessage) }
      for key in first..<first &+ rest / 2 { indices.append(key) }
      return .found
    }
    return .invalid(message: Self.syntaxMessage)
  }

  private func migrate(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ indices: inout [Int]
  ) -> KeyExtraction {
    guard arguments.count > 3 else { return .found }
    var index = 6
    while index < arguments.count {
      if arguments.holds("KEYS", at: index, in: frame) {
        guard arguments[3].length == 0 else { return .invalid(message: Self.migrateKeysMessage) }
        for key in index &+ 1..<arguments.count { indices.append(key) }
        return .found
      }
      if arguments.holds("AUTH", at: index, in: frame) { index &+= 1 }
      if arguments.holds("AUTH2", at: index, in: frame) { index &+= 2 }
      index &+= 1
    }
    indices.append(3)
    return .found
  }
}
