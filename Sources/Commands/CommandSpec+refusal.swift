import SluiceRESP

extension CommandSpec {
  /// The refusal of an option that the proxy does not carry, in a command that it does: `XREAD … BLOCK 0
  /// …`, `COPY … DB 1`, `SORT … BY weight_*`. Nil where `refusedOption` is `.none`, without a look.
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
      for index in 3..<max(3, arguments.count) where arguments.holds("DB", at: index, in: frame) {
        return .database
      }
      return nil
    case .pattern:
      return hasPattern(frame, arguments) ? .sortPattern : nil
    }
  }

  private func hasBlock(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    var index = 1
    while index < arguments.count, let option = StreamOption(arguments, at: index, in: frame) {
      if option == .block { return true }
      // A key may be called BLOCK.
      if option == .streams { return false }
      index &+= option.width
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
