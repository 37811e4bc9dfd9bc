import NIOCore
import SluiceCacheLayers
import SluiceCommands
import SluiceRESP

#if canImport(Glibc)
  import Glibc
#endif

/// What the clients of one layered stack share. Owned by its event loop: touched there and nowhere else.
final class LayeredCore {
  /// Who answers.
  enum Mode: Equatable {
    case endpoint
    /// The engine, until the endpoint is back.
    case memory
    /// The endpoint is about to: commands wait until the last stale key is deleted there.
    case switching
  }

  let settings: LayeredSettings
  let loop: any EventLoop
  /// The socket of the engine that serves while the endpoint is away; nil if there is none.
  let memoryPath: String?
  let commands = CommandTable.shared
  let rules: [LayerRule]
  let codec: CompressionCodec?
  private let deflater: Deflater?
  let prefix: KeyPrefix
  let defaultMilliseconds: Int

  private(set) var l1: L1Store<[UInt8]>?
  private var writes = WriteTable()
  /// Counters; what stands in a store of its own is added when somebody asks.
  var counts = LayeredStatus()

  private(set) var mode = Mode.endpoint
  /// Behind an outage, until a lane asks for a key at the endpoint: then it has met it, and has emptied it if it had to.
  private(set) var isOutageOpen = false
  /// What the endpoint must forget before it answers again.
  var stale = StaleKeys()
  /// Connections that were given up with commands on them, by their server's run: they must not execute any more.
  private(set) var leftBehind: [(run: [UInt8], id: Int)] = []
  private var recovery: Recovery?
  /// When the endpoint came back last, and how many attempts that took.
  private var lastReturn: (at: UInt64, attempts: Int)?
  /// How often the values have become others, as lanes see them.
  private(set) var generation = 0
  private(set) var clients: [ObjectIdentifier: LayeredClient] = [:]

  /// Nanoseconds of a clock that goes on while the machine sleeps, read once a turn.
  private(set) var now: UInt64 = 0
  private(set) var isStopped = false

  private let report: @Sendable (LayeredEvent) -> Void

  init(
    _ settings: LayeredSettings, memoryPath: String?, loop: any EventLoop,
    report: @escaping @Sendable (LayeredEvent) -> Void
  ) {
    self.report = report
    self.settings = settings
    self.memoryPath = memoryPath
    self.loop = loop
    rules = LayerRule.table(of: settings, commands)
    codec = settings.codec
    deflater = codec.flatMap { Deflater(level: $0.level) }
    prefix = KeyPrefix(settings.keyPrefix)
    defaultMilliseconds = settings.defaultMilliseconds
    l1 = settings.l1.map { L1Store(maxEntries: $0.entries, maxBytes: $0.bytes) }
    if settings.isDoubtful {
      isOutageOpen = true
      stale.insertEverything()
    }
    turnBegan()
  }

  func turnBegan() {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    now = UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
  }

  // MARK: L1

  func l1Value(_ key: Span<UInt8>) -> [UInt8]? {
    guard let reply = l1?.value(for: key, now: now) else {
      if l1 != nil { counts.l1Misses &+= 1 }
      return nil
    }
    counts.l1Hits &+= 1
    return reply
  }

  func stamp(for key: Span<UInt8>) -> WriteTable.Stamp? { l1 == nil ? nil : writes.stamp(for: key) }

  /// Keeps a reply for as long as the endpoint keeps its key, if nothing was written since it was asked for.
  ///
  /// - Parameters:
  ///   - lifetime: what `PTTL` answered, in milliseconds; -1 is no end.
  ///   - askedAt: when `PTTL` was sent; from then on the time counts, or the entry would live longer than the key.
  func fill(_ key: [UInt8], _ reply: [UInt8], lifetime: Int, askedAt: UInt64, _ stamp: WriteTable.Stamp) {
    guard writes.isCurrent(stamp), lifetime >= -1 else { return }
    var end = UInt64.max
    if lifetime >= 0 { end = askedAt.adding(milliseconds: lifetime) }
    let longest = (settings.l1?.ttl ?? .zero).wholeMilliseconds
    if longest > 0 { end = min(end, askedAt.adding(milliseconds: Int(longest))) }
    l1?.set(key.span, to: reply, cost: reply.count, expiresAt: end, now: now)
  }

  func clearL1() {
    writes.forgetReads()
    l1?.removeAll()
  }

  // MARK: Writes

  /// Whether somebody must know of a write's keys.
  var watchesWrites: Bool { l1 != nil || settings.onConnectionError == .memory }

  /// Adds a key, as clients know it, to a write that is about to be sent.
  func add(_ key: Span<UInt8>, to mark: WriteMark) {
    if l1 != nil {
      l1?.remove(key)
      mark.slots.append(WriteTable.slot(of: key))
    }
    if settings.onConnectionError == .memory { mark.keys.append(prefix.add(to: key)) }
  }

  /// The write is about to be sent.
  func began(_ mark: WriteMark) {
    writes.began(mark)
    if mark.isEverything { l1?.removeAll() }
    if mode != .endpoint { stale.insert(mark) }
  }

  /// It was answered, or never will be.
  func ended(_ mark: WriteMark) {
    writes.ended(mark)
    if mark.isEverything { l1?.removeAll() }
  }

  /// Its connection is gone: for a moment yet the endpoint may execute it, and until then nothing fills L1 with its keys.
  func lostSight(of mark: WriteMark) {
    loop.assumeIsolated().scheduleTask(in: .seconds(1)) { self.ended(mark) }
  }

  // MARK: Compression

  /// What is stored for a value; nil is the value itself.
  func encode(_ value: Span<UInt8>) -> [UInt8]? {
    guard let codec, let stored = codec.encode(value, reusing: deflater) else { return nil }
    if stored.count < value.count {
      counts.compressed &+= 1
      counts.bytesBefore &+= UInt64(value.count)
      counts.bytesAfter &+= UInt64(stored.count)
    }
    return stored
  }

  enum Decoded {
    /// What is stored is the value.
    case asStored
    case value([UInt8])
    /// Nobody can read it: a miss.
    case corrupt
  }

  func decode(_ stored: Span<UInt8>) -> Decoded {
    guard let codec else { return .asStored }
    do {
      guard let value = try codec.decode(stored) else { return .asStored }
      if value.count > stored.count { counts.decompressed &+= 1 }
      return .value(value)
    } catch {
      counts.corrupt &+= 1
      return .corrupt
    }
  }

  // MARK: Clients

  func connected(_ client: LayeredClient) {
    clients[ObjectIdentifier(client)] = client
  }

  func disconnected(_ client: LayeredClient) {
    clients[ObjectIdentifier(client)] = nil
    recovery?.clientIsIdle()
  }

  /// A client has nothing in flight while all are waited for.
  func clientIsIdle() { recovery?.clientIsIdle() }

  // MARK: The endpoint comes and goes

  /// The endpoint hangs, or could not be reached: from here on the engine answers, if that is wanted.
  func endpointWasLost(_ reason: String) {
    clearL1()
    guard settings.onConnectionError == .memory, mode == .endpoint, !isStopped else { return }
    mode = .memory
    generation += 1
    counts.losses &+= 1
    counts.memorySince = LayeredCore.secondsSince1970
    counts.reason = reason
    isOutageOpen = true
    report(.memoryAnswers(reason: reason))
    for client in Array(clients.values) { client.valuesBecameOthers() }
    // An endpoint that comes back only to fail again is asked less and less.
    let isFlapping = lastReturn.map { now &- $0.at <= UInt64(max(0, settings.backoffMaximum)) } ?? false
    recovery = Recovery(self, attempts: isFlapping ? lastReturn?.attempts ?? 0 : 0)
    recovery?.start()
  }

  /// A connection came to be: what an earlier one left in doubt is the lane's affair, as with a plain endpoint.
  func endpointWasReached() {
    if mode == .endpoint, !isOutageOpen { stale = StaleKeys() }
  }

  func leftBehind(_ upstream: Upstream) {
    guard let id = upstream.serverID, let run = upstream.runID else { return }
    leftBehind.append((run, id))
    if leftBehind.count > 256 { leftBehind.removeFirst() }
  }

  func holdClients() { mode = .switching }

  /// The endpoint was lost again before it answered anything.
  func releaseClientsToMemory() {
    guard mode == .switching else { return }
    mode = .memory
    for client in Array(clients.values) { client.goOn() }
  }

  /// The endpoint answers again.
  func endpointIsBack() {
    clearL1()
    mode = .endpoint
    generation += 1
    lastReturn = recovery.map { (now, $0.attempts) }
    recovery = nil
    leftBehind = []
    counts.recoveries &+= 1
    counts.memorySince = nil
    counts.reason = nil
    report(.endpointAnswers)
    for client in Array(clients.values) { client.valuesBecameOthers() }
  }

  /// A lane asks for a key at the endpoint.
  func outageIsSettled() {
    guard mode == .endpoint else { return }
    isOutageOpen = false
    stale = StaleKeys()
    report(.outageIsSettled)
  }

  func checkDeadlines() {
    turnBegan()
    // Where no engine takes over, the lanes end their connections themselves.
    let ends = settings.onConnectionError == .memory
    for client in Array(clients.values) { client.checkDeadline(ends: ends) }
    recovery?.checkDeadline()
  }

  func stop() {
    isStopped = true
    recovery?.stop()
    recovery = nil
    for client in Array(clients.values) { client.close() }
    clients = [:]
  }

  var status: LayeredStatus {
    var status = counts
    status.layers = settings.layerNames
    status.l1Entries = l1?.count ?? 0
    status.staleKeys = stale.count
    return status
  }

  private static var secondsSince1970: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

extension UInt64 {
  /// At the end of the range where it would overflow.
  func adding(milliseconds: Int) -> UInt64 {
    let (nanoseconds, isTooFar) = UInt64(clamping: milliseconds).multipliedReportingOverflow(by: 1_000_000)
    let (sum, isTooFarYet) = addingReportingOverflow(nanoseconds)
    return isTooFar || isTooFarYet ? .max : sum
  }
}

extension LayeredSettings {
  /// The layers that are on, in the order in which a command meets them.
  public var layerNames: [String] {
    var names: [String] = []
    if let l1 { names.append("l1 \(l1.entries)") }
    if let compression { names.append("compression \(compression.threshold)/\(compression.level)") }
    if defaultMilliseconds > 0 { names.append("default_ttl \(defaultMilliseconds / 1000) s") }
    if !keyPrefix.isEmpty { names.append("key_prefix \(String(decoding: keyPrefix, as: UTF8.self))") }
    if onConnectionError == .memory { names.append("on_connection_error memory") }
    return names
  }
}
