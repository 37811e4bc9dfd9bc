import SluiceRESP

/// The options of `SORT` that take a value; every other word (`ASC`, `ALPHA`, …) stands for itself.
enum SortOption {
  case by, get, limit, store

  init?(_ arguments: Span<ArgumentRange>, at index: Int, in frame: Span<UInt8>) {
    if arguments.holds("BY", at: index, in: frame) {
      self = .by
    } else if arguments.holds("GET", at: index, in: frame) {
      self = .get
    } else if arguments.holds("LIMIT", at: index, in: frame) {
      self = .limit
    } else if arguments.holds("STORE", at: index, in: frame) {
      self = .store
    } else {
      return nil
    }
  }

  /// Arguments that the option takes, itself included.
  var width: Int { self == .limit ? 3 : 2 }
}

/// The options of `XREAD` and `XREADGROUP`.
enum StreamOption {
  case count, block, group, noack, streams

  init?(_ arguments: Span<ArgumentRange>, at index: Int, in frame: Span<UInt8>) {
    if arguments.holds("COUNT", at: index, in: frame) {
      self = .count
    } else if arguments.holds("BLOCK", at: index, in: frame) {
      self = .block
    } else if arguments.holds("GROUP", at: index, in: frame) {
      self = .group
    } else if arguments.holds("NOACK", at: index, in: frame) {
      self = .noack
    } else if arguments.holds("STREAMS", at: index, in: frame) {
      self = .streams
    } else {
      return nil
    }
  }

  /// Arguments that the option takes, itself included; `streams` takes all that is left.
  var width: Int {
    switch self {
    case .count, .block: 2
    case .group: 3
    case .noack, .streams: 1
    }
  }
}
