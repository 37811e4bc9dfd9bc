import SluiceRESP

extension Mirroring {
  /// The same command with every time of day in it moved; nil if there is none.
  ///
  /// - Parameter shift: in milliseconds, whole seconds.
  public static func shifted(
    _ spec: CommandSpec, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>, by shift: Int
  ) -> [UInt8]? {
    var places: [(index: Int, unit: TimeUnit)] = []
    switch spec.mirror {
    case .effect(.expireAt):
      places = [(2, spec.name == "EXPIREAT" ? .seconds : .milliseconds)]
    case .effect(.expireFields(let unit, isRelative: false)):
      places = [(2, unit)]
    case .effect(.restore):
      for index in 4..<max(4, arguments.count) where arguments.holds("ABSTTL", at: index, in: request) {
        places = [(2, .milliseconds)]
      }
      // 0 is no end at all.
      if arguments.integer(at: 2, in: request) == 0 { return nil }
    case .effect(.set):
      places = deadline(from: 3, arguments, request)
    case .effect(.getExpire), .effect(.getFieldsExpire), .effect(.setFieldsExpiring):
      places = deadline(from: 2, arguments, request)
    case .effect(.setAllExpiring):
      guard let keys = arguments.integer(at: 1, in: request), keys > 0, keys < arguments.count else {
        return nil
      }
      places = deadline(from: 2 &+ 2 &* keys, arguments, request)
    default: return nil
    }
    guard let place = places.first, let time = arguments.integer(at: place.index, in: request) else {
      return nil
    }
    let (sum, isTooFar) = time.addingReportingOverflow(place.unit == .seconds ? shift / 1000 : shift)
    guard !isTooFar else { return nil }
    var output: [UInt8] = []
    output.beginFrame(arguments.count)
    for index in 0..<arguments.count {
      if index == place.index {
        output.appendWord(max(0, sum))
      } else {
        output.appendWord(index, of: request, arguments)
      }
    }
    return output
  }

  /// Where the number behind `EXAT` or `PXAT` stands, before any fields.
  private static func deadline(
    from start: Int, _ arguments: Span<ArgumentRange>, _ request: Span<UInt8>
  ) -> [(index: Int, unit: TimeUnit)] {
    var index = start
    while index < arguments.count, !arguments.holds("FIELDS", at: index, in: request) {
      if arguments.holds("EXAT", at: index, in: request) { return [(index &+ 1, .seconds)] }
      if arguments.holds("PXAT", at: index, in: request) { return [(index &+ 1, .milliseconds)] }
      // The value that a condition speaks of may be called EXAT.
      let takesValue = ["IFEQ", "IFNE", "IFDEQ", "IFDNE"].contains {
        arguments.holds($0, at: index, in: request)
      }
      index &+= takesValue ? 2 : 1
    }
    return []
  }
}
