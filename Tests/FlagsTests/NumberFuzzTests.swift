import SluiceTestSupport
import Testing

@testable import SluiceFlags

/// Weights, limits and percentages at the ends of their ranges: a routing or a refusal.
@Suite struct NumberFuzzTests {
  @Test func weightsAndLimits() {
    var numbers = ExtremeNumbers("FlagsTests.weightsAndLimits")
    var taken = 0
    for _ in 0..<ExtremeNumbers.rounds(3000) {
      var file = FlagText(
        targeting: numbers.filled(##"{"fractional": [["new", #], ["legacy", #]]}"##))
      if numbers.below(2) == 0 {
        file.more = numbers.filled(
          #", "cache-guardrails": {"state": "ENABLED", "defaultVariant": "d", "variants": {"d": "#
            + ##"{"divergenceRate": #, "newErrorRate": #, "minimumSample": #}}}"##)
      }
      if (try? FlagDefinition(bytes: Array(file.text.utf8))) != nil { taken += 1 }
      _ = Percentage(numbers.text())
      _ = Percentage(hundredths: Int(truncatingIfNeeded: numbers.bits()))
      _ = Percentage(percent: Int(truncatingIfNeeded: numbers.bits()))
    }
    #expect(taken > 0)
  }
}
