/// By which of its two generations flagd's `fractional` is computed: its engines have parted, and at 25 % they disagree about 37.5 % of the
/// keys.
public enum FractionalHash: String, Sendable, CaseIterable {
  /// Of the text, as core 1.x has it.
  case v2
  /// Of its CBOR, as `openfeature-flagd-core` 2.0.0 for Python has it.
  case v3

  /// What `metadata.fractionalHash` of a flag file says; v2 where it says nothing.
  init(in document: JSONNode) throws(FlagError) {
    guard let node = document["metadata"]?["fractionalHash"] else {
      self = .v2
      return
    }
    guard let known = node.string.flatMap(Self.init(rawValue:)) else {
      throw JSONPath.root.member("metadata").member("fractionalHash").error(
        .invalid, "is \(node.summary); write \"v2\" or \"v3\"")
    }
    self = known
  }
}
