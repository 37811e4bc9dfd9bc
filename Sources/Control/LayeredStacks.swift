import Foundation
import Logging
import NIOCore
import NIOPosix
import SluiceConfiguration
import SluiceJournal
import SluiceLayeredServer
import SluiceLedger
import SluiceProxy
import SluiceRouting

/// The stacks that have layers: each is served inside of the process, on a loop of its own. Where no stack has any,
/// this is nothing.
struct LayeredStacks: Sendable {
  private var servers: [StackID: LayeredServer] = [:]
  private var pulses: [StackID: StackPulse] = [:]
  private var group: MultiThreadedEventLoopGroup?

  /// - Parameters:
  ///   - memories: the sockets of the embedded engines, for the stacks whose endpoint is one.
  ///   - ledger: gets an error for each outage.
  ///   - journal: keeps in mind that there is one, should the process end before it is over.
  static func start(
    _ configuration: ServeConfiguration, memories: [StackID: String], passwords: PasswordKeepers,
    tls: TLSKeepers,
    ledger: Ledger?, journal: SuspectJournal?, logger: Logger
  ) async throws -> LayeredStacks {
    var layers = LayeredStacks()
    let stacks = [(StackID.legacy, configuration.stacks.legacy), (.new, configuration.stacks.new)]
      .filter { !$0.1.layers.isPlain }
    guard !stacks.isEmpty else { return layers }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: stacks.count)
    layers.group = group
    for (id, stack) in stacks {
      var settings = LayeredSettings(stack, memory: memories[id], timeouts: configuration.timeouts)
      settings.freshPassword = passwords[id]
      settings.tls = tls[id]
      let pulse = StackPulse()
      settings.beat = { pulse.beat(at: NIODeadline.now().uptimeNanoseconds) }
      layers.pulses[id] = pulse
      settings.isDoubtful =
        journal.map { $0.recovered.everything.union($0.recovered.unsure).contains(id) } ?? false
      let outage = journal?.outages[id]
      do {
        layers.servers[id] = try await LayeredServer.start(settings, on: group) { event in
          do throws(JournalError) {
            switch event {
            case .memoryAnswers: try outage?.set()
            case .endpointAnswers: break
            case .outageIsSettled: try outage?.clear()
            }
          } catch {
            logger.error("stack \(id.name): an outage would be forgotten if this process ended: \(error)")
          }
          switch event {
          case .memoryAnswers(let reason):
            logger.error("stack \(id.name): memory answers in the place of \(stack.endpoint): \(reason)")
            ledger?.record(ErrorSample(at: Date(), stack: id, kind: .unreachable, message: reason))
          case .endpointAnswers:
            logger.notice("stack \(id.name): \(stack.endpoint) answers again, without what memory was told")
          case .outageIsSettled: break
          }
        }
      } catch {
        await layers.stop()
        throw ServeError.cannotStartLayers(id.name, error)
      }
    }
    return layers
  }

  /// Where a stack's layers are reached, and what they tell of the link behind them; nil for a stack without layers.
  func door(of stack: StackID) -> (socket: String, pulse: StackPulse)? {
    guard let server = servers[stack], let pulse = pulses[stack] else { return nil }
    return (server.socketPath, pulse)
  }

  /// For a flip: what is remembered from before it answers nothing behind it.
  func clearL1() async {
    for server in servers.values { await server.clearL1() }
  }

  func status() async -> [StackID: LayeredStatus] {
    var status: [StackID: LayeredStatus] = [:]
    for (id, server) in servers { status[id] = await server.status() }
    return status
  }

  func stop() async {
    for server in servers.values { await server.stop() }
    try? await group?.shutdownGracefully()
  }
}

extension LayeredSettings {
  init(_ stack: StackConfiguration, memory: String?, timeouts: ServeConfiguration.Timeouts) {
    let label = "\(stack.endpoint)"
    switch stack.endpoint {
    case .redis(let host, let port, let user, let password, let database, _):
      self.init(address: .tcp(host: host, port: port), label: label)
      (self.user, self.password, self.database) = (user, password?.revealed, database)
    case .unix(let path, let user, let password, let database):
      self.init(address: .unix(path: path), label: label)
      (self.user, self.password, self.database) = (user, password?.revealed, database)
    case .memory:
      self.init(address: .unix(path: memory ?? ""), label: label)
    }
    connectTimeout = stack.connectTimeout.nanoseconds
    commandTimeout = stack.commandTimeout.nanoseconds
    backoffInitial = timeouts.reconnectInitial.nanoseconds
    backoffMaximum = timeouts.reconnectMax.nanoseconds
    let layers = stack.layers
    l1 = layers.l1.map { L1(entries: $0.entries, ttl: $0.ttl) }
    compression = layers.compression.map { Compression(threshold: $0.threshold, level: $0.level) }
    defaultTTL = layers.defaultTTL
    keyPrefix = Array(layers.keyPrefix.utf8)
    // An engine in this process is always there.
    let isEmbedded = stack.endpoint.address == nil
    onConnectionError = layers.onConnectionError == .memory && !isEmbedded ? .memory : .fail
  }
}
