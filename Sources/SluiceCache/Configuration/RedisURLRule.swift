/// What the guide asks of the URL of a Redis, in its words. Whether it can be connected to is for the
/// connection to tell.
enum RedisURLRule {
  /// Empty if there is nothing to object to. At most one problem: the first hides the others.
  static func problems(of url: String) -> [String] {
    guard !url.allSatisfy(\.isWhitespace) else { return ["redis_url cannot be empty"] }
    guard let scheme = ["redis://", "rediss://"].first(where: { url.hasPrefix($0) }) else {
      return ["redis_url must start with 'redis://' or 'rediss://'"]
    }
    let place = url.dropFirst(scheme.count)
    return place.isEmpty || place == "/" ? ["redis_url must include host information"] : []
  }
}
