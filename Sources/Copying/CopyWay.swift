/// How a value went over.
public enum CopyWay: UInt8, Sendable, CaseIterable {
  /// The dump as it is.
  case dump
  /// The dump with the other server's stamp.
  case restamped
  /// Read by its type and written by its type, at once.
  case value
  /// The same in pieces, under a name that nobody sees until it is whole.
  case pieces
}

/// Why no way could carry a value.
public enum Uncarried: Hashable, Sendable {
  /// The other server has no times to live for fields of a hash.
  case fieldTimes
  /// A type of a module, or a newer one, that the other server has not.
  case type(String)
  /// Written again and again while it was read, so that no piece belonged to the next one.
  case hot
  /// In the words of the server that refused it.
  case refused(String)

  /// What the key holds, as `TYPE` says it; empty where the reason does not tell.
  public var typeName: String {
    switch self {
    case .fieldTimes: "hash"
    case .type(let name): name
    case .hot, .refused: ""
    }
  }

  /// As a part of a sentence.
  public var text: String {
    switch self {
    case .fieldTimes: "hash fields with a time to live, which the other server does not have"
    case .type(let name): "values of type \(name), which the other server does not have"
    case .hot: "too hot to copy in pieces"
    case .refused(let words): "refused: \(words)"
    }
  }
}
