/// What the factory asks of its parameters, in the guide's words and order.
///
/// The parameters come as values under their names in dictionaries, so that the methods with types and the
/// dictionaries pass the same rules. A parameter that is absent is right.
enum FactoryRules {
  /// The rules of every cache.
  static func problems(_ parameters: [String: CacheValue]) -> [String] {
    let rules: [(name: String, problem: (CacheValue) -> String?)] = [
      ("redis_url", redisURL),
      ("default_ttl", defaultTTL),
      ("fail_on_connection_error", boolean("fail_on_connection_error")),
      ("enable_l1_cache", boolean("enable_l1_cache")),
      ("l1_cache_size", integer(1..., "l1_cache_size must be a positive integer")),
      ("compression_threshold", integer(0..., "compression_threshold must be a non-negative integer")),
      ("compression_level", integer(1...9, "compression_level must be an integer between 1 and 9")),
    ]
    return check(rules, parameters)
  }

  /// The rules of caches of AI responses besides.
  static func aiProblems(_ parameters: [String: CacheValue]) -> [String] {
    let rules: [(name: String, problem: (CacheValue) -> String?)] = [
      ("text_hash_threshold", integer(0..., "text_hash_threshold must be a non-negative integer")),
      ("memory_cache_size", integer(1..., "memory_cache_size must be a positive integer")),
    ]
    return check(rules, parameters) + operationProblems(parameters["operation_ttls"])
  }

  /// The ranges that the cache of AI responses has besides, as far as it is not the one to check them
  /// (``AIResponseCache/Settings``).
  static func checkAILimits(_ parameters: [String: CacheValue]) throws(CacheError) {
    let limits = [
      ("l1_cache_size", 10_000), ("memory_cache_size", 10_000), ("compression_threshold", 1_048_576),
    ]
    let problems = limits.compactMap { name, most -> String? in
      guard case .int(let given) = parameters[name], given > most else { return nil }
      return "Parameter '\(name)' must be <= \(most), got \(given)"
    }
    guard problems.isEmpty else {
      throw .validation("AIResponseCache parameter validation failed", problems)
    }
  }

  /// The error for what the rules of every cache found.
  static func error(_ problems: [String], _ parameters: [String: CacheValue]) -> CacheError {
    let named = ["redis_url", "default_ttl", "fail_on_connection_error"]
    var context = parameters.filter { named.contains($0.key) }
    context["additional_params"] = .object(parameters.filter { !named.contains($0.key) })
    return .validation("Factory input validation failed", problems, context: context)
  }

  /// The error for what the rules of AI caches found.
  static func aiError(_ problems: [String]) -> CacheError {
    .validation("AI application cache validation failed", problems)
  }

  private static func check(
    _ rules: [(name: String, problem: (CacheValue) -> String?)], _ parameters: [String: CacheValue]
  ) -> [String] {
    rules.compactMap { rule in parameters[rule.name].flatMap(rule.problem) }
  }

  private static func redisURL(_ value: CacheValue) -> String? {
    guard case .string(let url) = value else { return "redis_url must be a string" }
    return RedisURLRule.problems(of: url).first
  }

  private static func defaultTTL(_ value: CacheValue) -> String? {
    guard case .int(let seconds) = value else { return "default_ttl must be an integer" }
    if seconds < 0 { return "default_ttl must be non-negative (0 means no expiration)" }
    guard .seconds(seconds) <= Duration.longestTTL else {
      return "default_ttl must not exceed 365 days (31,536,000 seconds)"
    }
    return nil
  }

  private static func boolean(_ name: String) -> (CacheValue) -> String? {
    { value in if case .bool = value { nil } else { "\(name) must be a boolean" } }
  }

  private static func integer(
    _ range: some RangeExpression<Int>, _ message: String
  ) -> (CacheValue) -> String? {
    { value in if case .int(let number) = value, range.contains(number) { nil } else { message } }
  }

  private static func operationProblems(_ value: CacheValue?) -> [String] {
    switch value {
    case nil, .null: return []
    case .object(let table):
      return table.sorted { $0.key < $1.key }.flatMap { operation, ttl -> [String] in
        var problems: [String] = []
        if operation.allSatisfy(\.isWhitespace) {
          problems.append("operation_ttls keys must be non-empty strings")
        }
        guard case .int(0...) = ttl else {
          return problems + ["operation_ttls['\(operation)'] must be a non-negative integer"]
        }
        return problems
      }
    default: return ["operation_ttls must be a dictionary"]
    }
  }
}

extension Duration {
  /// As a parameter of the rules: whole seconds away from zero, so that no fraction slips through a limit.
  var ruleSeconds: CacheValue {
    let (seconds, attoseconds) = components
    let rounded = seconds.addingReportingOverflow(Int64(attoseconds.signum()))
    return .int(Int(rounded.overflow ? seconds : rounded.partialValue))
  }
}
