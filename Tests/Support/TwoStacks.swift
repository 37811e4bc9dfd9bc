import SluiceLoadGenerator
import SluiceRedisClient

/// The whole arrangement: two real servers with a proxy in front of them.
public final class TwoStacks {
  public let legacy: RedisServer
  public let new: RedisServer
  public let sluice: SluiceProcess

  /// Starts all three.
  public init(
    _ options: SluiceProcess.Options = .init(),
    on binaries: (ServerBinary, ServerBinary) = (.redis70, .redis70)
  ) throws {
    legacy = try RedisServer(.port, binaries.0)
    new = try RedisServer(.port, binaries.1)
    sluice = try SluiceProcess(legacy: legacy.url, new: new.url, options)
  }

  /// Starts all three at a stage, every read compared.
  public convenience init(
    stage: String, percent: Int = 0, threads: Int = 1,
    on binaries: (ServerBinary, ServerBinary) = (.redis70, .redis70)
  ) throws {
    try self.init(
      SluiceProcess.Options(stage: stage, percent: percent, threads: threads), on: binaries)
  }
}
