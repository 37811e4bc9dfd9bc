/// The text of a flag file.
public enum FlagText {
  /// A whole file with this stage, this share of keys on the new stack, and this share of compared reads.
  public static func make(stage: String, percent: Int = 0, compare: Int = 100) -> String {
    """
    {
      "$schema": "https://flagd.dev/schema/v0/flags.json",
      "flags": {
        "cache-stage": {
          "state": "ENABLED",
          "variants": {
            "off": "off", "dualwrite": "dualwrite", "shadow": "shadow",
            "live": "live", "rampdown": "rampdown", "complete": "complete"
          },
          "defaultVariant": "\(stage)"
        },
        "cache-stack": {
          "state": "ENABLED",
          "variants": { "new": "new", "legacy": "legacy" },
          "defaultVariant": "legacy",
          "targeting": { "fractional": [["new", \(percent)], ["legacy", \(100 - percent)]] }
        },
        "shadow-sample": {
          "state": "ENABLED",
          "variants": { "compare": true, "skip": false },
          "defaultVariant": "skip",
          "targeting": { "fractional": [["compare", \(compare)], ["skip", \(100 - compare)]] }
        }
      }
    }

    """
  }
}
