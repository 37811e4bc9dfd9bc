import SluiceRedis

extension CacheError {
  /// What a failing connection means for a cache.
  init(redis error: RedisError, at endpoint: RedisEndpoint) {
    self.init(
      .infrastructure, error.message,
      context: ["redis": .string(endpoint.description), "reason": .string(error.code.rawValue)])
  }

  /// What an error reply means for a cache.
  init(refusal text: String, of command: String, at endpoint: RedisEndpoint) {
    self.init(
      .infrastructure, "\(endpoint) refused \(command) (\(text)); see that server's log and configuration",
      context: ["redis": .string(endpoint.description), "reason": "refused", "reply": .string(text)])
  }
}
