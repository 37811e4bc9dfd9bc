/// Where texts stop being small, medium and large, in Unicode code points.
public struct TextSizeTiers: Sendable, Hashable {
  /// How large a text is.
  public enum Tier: String, Sendable, CaseIterable {
    case small, medium, large, xlarge
  }

  /// The first length that is not small any more.
  public var small: Int
  /// The first length that is not medium any more.
  public var medium: Int
  /// The first length that is not large any more.
  public var large: Int

  /// The defaults are those of a cache of AI responses.
  public init(small: Int = 500, medium: Int = 5000, large: Int = 50_000) {
    self.small = small
    self.medium = medium
    self.large = large
  }

  /// The tier of a text of `count` code points.
  public func tier(of count: Int) -> Tier {
    count < small ? .small : count < medium ? .medium : count < large ? .large : .xlarge
  }
}
