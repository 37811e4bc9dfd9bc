/// What one proxy says of itself, as far as it matters beside others of its service. Read from its `STATUS`.
public struct FleetPlace: Sendable, Equatable, Decodable {
  public var instance: String?
  public var service: String?
  public var stage: String
  /// 0 to 100; nil where rules decide.
  public var percent: Double?
  /// What is in force: another one while rolled back.
  public var inForce: String?
  public var isRolledBack: Bool
  public var flags: String?
  public var hash: String?
  public var verdict: String?
  /// The stacks that cannot be reached.
  public var down: [String]
  public var version: String?
  public var upSeconds: Double?

  private struct Flags: Decodable {
    var version: String?
    // swift-format-ignore: AlwaysUseLowerCamelCase
    var fractional_hash: String?
  }

  private struct Compare: Decodable { var verdict: String? }

  private struct Stack: Decodable { var health: String? }

  private enum CodingKeys: String, CodingKey {
    case instance, service, stage, percent, flags, compare, stacks, version
    case inForce = "effective_stage"
    case isRolledBack = "rolled_back"
    case upSeconds = "uptime_seconds"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    stage = try fields.decode(String.self, forKey: .stage)
    instance = try fields.decodeIfPresent(String.self, forKey: .instance)
    service = try fields.decodeIfPresent(String.self, forKey: .service)
    percent = try fields.decodeIfPresent(Double.self, forKey: .percent)
    inForce = try fields.decodeIfPresent(String.self, forKey: .inForce)
    isRolledBack = try fields.decodeIfPresent(Bool.self, forKey: .isRolledBack) ?? false
    let flags = try fields.decodeIfPresent(Flags.self, forKey: .flags)
    (self.flags, hash) = (flags?.version, flags?.fractional_hash)
    verdict = try fields.decodeIfPresent(Compare.self, forKey: .compare)?.verdict
    let stacks = try fields.decodeIfPresent([String: Stack].self, forKey: .stacks) ?? [:]
    down = ["legacy", "new"].filter { stacks[$0]?.health != "up" }
    version = try fields.decodeIfPresent(String.self, forKey: .version)
    upSeconds = try fields.decodeIfPresent(Double.self, forKey: .upSeconds)
  }

  /// `live 25 %`
  public var place: String {
    guard stage == "live", let percent, let hundredths = Int(exactly: (percent * 100).rounded()) else {
      return stage
    }
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    let digits = rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)"
    return "live \(whole)\(rest == 0 ? "" : ".\(digits)") %"
  }

  /// What it has in a column in which proxies of one service are alike.
  public subscript(_ column: FleetColumn) -> String {
    switch column {
    case .service: service ?? "-"
    case .stage: place
    case .inForce: inForce ?? "-"
    case .flags: String((flags ?? "-").prefix(8))
    case .hash: hash ?? "-"
    case .rolledBack: isRolledBack ? "YES" : "no"
    }
  }
}

/// In what proxies of one service are alike; where they are not, that is a drift.
public enum FleetColumn: String, Sendable, CaseIterable {
  case service, stage
  case inForce = "in force"
  case flags, hash
  case rolledBack = "rolled back"
}
