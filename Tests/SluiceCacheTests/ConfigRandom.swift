import SluiceLoadGenerator

@testable import SluiceCache

extension CacheConfig {
  /// Any configuration that is valid.
  static func random(_ random: inout SplitMix64) -> CacheConfig {
    let odd = [
      "a", "true", "1", "null", "~", "ü ñ", "a: b", "\"q\"", "- x", "#", "\u{1F600}", " blank ", "1e3",
    ]
    func text(_ random: inout SplitMix64) -> String { odd.randomElement(using: &random) ?? "" }
    var config = CacheConfig(
      defaultTTL: .seconds(Int.random(in: 1...31_536_000, using: &random)),
      memoryCacheSize: Int.random(in: 1...10_000, using: &random),
      compressionThreshold: Int.random(in: 0...1_048_576, using: &random),
      compressionLevel: Int.random(in: 1...9, using: &random),
      environment: Environment.allCases.randomElement(using: &random) ?? .testing)
    if Bool.random(using: &random) { config.redisURL = "redis://\(text(&random))" }
    if Bool.random(using: &random) { config.redisPassword = text(&random) }
    if Bool.random(using: &random) {
      var ai = AIConfig(
        textHashThreshold: Int.random(in: 1...100_000, using: &random), operationTTLs: [:],
        enableSmartPromotion: Bool.random(using: &random),
        maxTextLength: Int.random(in: 1...1_000_000, using: &random))
      let sizes = (0..<3).map { _ in Int.random(in: 1...100_000, using: &random) }.sorted()
      ai.textSizeTiers = .init(small: sizes[0], medium: sizes[1] + 1, large: sizes[2] + 2)
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        ai.operationTTLs[text(&random)] = .seconds(Int.random(in: 1...604_800, using: &random))
      }
      config.ai = ai
    }
    return config
  }
}
