import SluiceRESP

extension CommandSpec {
  /// The refusal of an option that the proxy does not carry, in a command that it does: `XREAD … BLOCK 0
  /// …`, `COPY … DB 1`, `SORT … BY weight_*`. Nil where `refusedOption` is `.none`, without a look.
  ///
  /// `COPY … DB` has more answers than two: `databaseOption(in:arguments:)`.
  ///
  /// - Parameters:
  ///   - frame: the bytes of the whole command.
  ///   - arguments: ranges inside `frame`, the name first.
  public func refusal(in frame: Span<UInt8>, arguments: Span<ArgumentRange>) -> Refusal? {
    switch refusedOption {
    case .none:
      return nil
    case .block:
      return hasBlock(frame, arguments) ? .blocking : nil
    case .database:
      return databaseOption(in: frame, arguments: arguments) == .other ? .database : nil
    case .pattern:
      return hasPattern(frame, arguments) ? .sortPattern : nil
    case .keyless:
      // What is no number is the server's to refuse.
      return arguments.count > 2 && arguments.integer(at: 2, in: frame) == 0 ? .scriptWithoutKeys : nil
    }
  }

  /// What the options of `COPY source destination [DB number] [REPLACE]` ask for, read as Redis reads them.
  public enum DatabaseOption: Equatable, Sendable {
    /// No database: the command goes on as it came.
    case none
    /// The one that is served. Which one that is at a stack says the stack's address, so the option does not travel: `kept` are the
    /// arguments that do.
    case served(kept: [Int])
    case other
    /// Redis's error.
    case invalid(String)
  }

  /// `.none` for all commands but `COPY`.
  public func databaseOption(in frame: Span<UInt8>, arguments: Span<ArgumentRange>) -> DatabaseOption {
    guard refusedOption == .database else { return .none }
    var kept = Array(0..<min(3, arguments.count))
    var database: Int?
    var index = 3
    while index < arguments.count {
      if arguments.holds("REPLACE", at: index, in: frame) {
        kept.append(index)
        index &+= 1
      } else if arguments.holds("DB", at: index, in: frame), index &+ 1 < arguments.count {
        guard let number = arguments.integer(at: index &+ 1, in: frame) else {
          return .invalid(CommandSpec.noIntegerMessage)
        }
        database = number
        index &+= 2
      } else {
        return .invalid(CommandSpec.syntaxMessage)
      }
    }
    guard let database else { return .none }
    return database == 0 ? .served(kept: kept) : .other
  }

  private func hasBlock(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    var index = 1
    while index < arguments.count {
      let option = StreamOption(arguments, at: index, in: frame)
      if option == .block { return true }
      // A key may be called BLOCK.
      if option == .streams { return false }
      // What a later server's option takes nobody here knows.
      index &+= option?.width ?? 1
    }
    return false
  }

  /// `BY nosort` and `GET #` read no other key: only a `*` in a BY, and any GET but `#`, does.
  private func hasPattern(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    var index = 2
    while index < arguments.count {
      let option = SortOption(arguments, at: index, in: frame)
      let value = frame.extracting(arguments.place(at: index &+ 1))
      if option == .by {
        for position in value.indices where value[position] == UInt8(ascii: "*") { return true }
      } else if option == .get, value.count != 1 || value[0] != UInt8(ascii: "#") {
        return true
      }
      index &+= option?.width ?? 1
    }
    return false
  }
}
