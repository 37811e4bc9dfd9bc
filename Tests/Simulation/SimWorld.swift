import SluiceCommands
import SluiceCore
import SluiceFigures
import SluiceJournal
import SluiceRESP
import SluiceRouting

#if canImport(Glibc)
  import Glibc
#endif

/// Everything around the proxy's machines, owned by one seed: time, chance, the network, two servers, clients, an operator and faults.
///
/// The machines are the real ones (`LaneSet`, and all that is in it). One thread runs the world, and whatever happens in it is an entry of
/// its agenda: one seed is one order of events, on every machine. That thread is the proof behind `@unchecked Sendable`.
final class SimWorld: @unchecked Sendable {
  let seed: UInt64
  var chance: Chance
  var plan: Plan
  var agenda = Agenda()
  /// The loop that runs just now.
  private(set) var current: SimLoop?
  private(set) var servers: [StackID: SimServer] = [:]
  private(set) var clients: [SimClient] = []
  private(set) var loops: [SimLoop] = []
  var laneSet: LaneSet?
  var journal: SuspectJournal?
  private let folder: String
  private var journals = 0
  private var sockets: [ObjectIdentifier: SimSocket] = [:]
  var histories: [History]
  private var values = 0
  var asked = 0
  var losses: [ClosedRange<UInt64>] = []
  private(set) var violations: [String] = []
  private(set) var refusals: [String: Int] = [:]
  var divergences: [Divergence] = []
  var figures = LaneFigures()
  var operatorOfStages: SimOperator?
  var troublemaker: Troublemaker?
  var story: [String]?
  private var isMuted = false

  init(seed: UInt64, operations: Int, folder: String, tells: Bool) {
    self.seed = seed
    self.folder = folder
    chance = Chance(seed)
    plan = Plan(&chance, operations: operations)
    histories = Array(repeating: History(), count: plan.registers)
    story = tells ? [] : nil
    for stack in StackID.allCases {
      servers[stack] = SimServer(self, name: stack.name, run: Int(chance.next() >> 16))
    }
    clients = (0..<plan.clients).map { SimClient(self, number: $0) }
  }

  // MARK: Time and chance

  var now: UInt64 { agenda.now }
  /// Nanoseconds since 1970.
  var wallClock: Int64 { 1_700_000_000_000_000_000 + Int64(agenda.now) }

  /// Until somebody who was woken has the processor.
  func turnTime() -> UInt64 { UInt64(chance.spread(1, 60)) * 1000 }
  /// From one machine to the other.
  func latency() -> UInt64 {
    UInt64(
      chance.happens(900) ? chance.between(5, max(6, plan.latency / 10)) : chance.between(5, plan.latency))
      * 1000
  }
  func splits(_ count: Int) -> Bool { count > 1 && chance.happens(plan.splits) }
  func readSize(_ most: Int) -> Int { chance.happens(plan.splits) ? chance.spread(1, most) : most }

  /// Runs what belongs to a loop.
  func run(on loop: SimLoop, _ work: () throws -> Void) rethrows {
    let before = current
    current = loop
    defer { current = before }
    try work()
  }

  func pass(until end: UInt64) {
    while let actor = agenda.next(until: end) { actor.act() }
    agenda.pass(to: end)
  }

  /// Goes on until something is so, looking every half millisecond; false if it was not within the time.
  func pass(atMost nanoseconds: UInt64, until isSo: () -> Bool) -> Bool {
    let end = now + nanoseconds
    while !isSo() {
      guard now < end else { return false }
      pass(until: min(end, now + 500_000))
    }
    return true
  }

  func tell(_ words: @autoclosure () -> String) {
    guard story != nil else { return }
    let micros = (now - 3_600_000_000_000) / 1000
    story?.append("\(micros / 1000).\(String(micros % 1000 + 1000).dropFirst()) ms  \(words())")
  }

  // MARK: The proxy

  /// Stacks that a later process has met empty: cold, and the process after it knows nothing of that.
  private(set) var metEmpty: Set<StackID> = []

  /// A process begins, with what the one before has left.
  func startProxy(_ routing: RoutingSnapshot, isContinued: Bool, left: String?) {
    if left != nil { for (stack, server) in servers where server.isEmpty { metEmpty.insert(stack) } }
    if plan.isJournaled {
      let path = left ?? nextJournal()
      journal = try? SuspectJournal(directory: path, lanes: plan.lanes, ringBytes: 1 << 14)
      if journal == nil { violated("the journal cannot be opened") }
    }
    let loops = (0..<plan.lanes).map { _ in SimLoop(self) }
    self.loops = loops
    var settings = ProxySettings()
    settings.threads = plan.lanes
    // With a short queue a mirror is not given what it should have, and a flip finds keys that were not copied.
    settings.mirrorCommands = chance.happens(250) ? chance.spread(4, 1000) : 100_000
    if settings.mirrorCommands < 100_000 { mayLose(for: 3_600_000_000_000, "the mirror's queue is short") }
    settings.pipeline = chance.spread(4, 1024)
    settings.suspects = chance.happens(50) ? chance.spread(3, 100) : 1_000_000
    settings.fallback = .off
    settings.warmOnMiss = chance.happens(150)
    settings.world = World(
      timeOfDay: { [unowned self] in wallClock }, random: { [unowned self] in chance.next() })
    var endpoints: [StackID: StackEndpoint] = [:]
    for stack in StackID.allCases {
      var endpoint = StackEndpoint(address: .unix(path: stack.name), label: stack.name)
      endpoint.commandTimeout = 1_000_000_000
      endpoint.connectTimeout = 500_000_000
      endpoints[stack] = endpoint
    }
    guard let legacy = endpoints[.legacy], let new = endpoints[.new] else { return }
    let lanes = LaneSet(
      settings, on: loops, legacy: legacy, new: new, routing: routing, journal: journal,
      isContinued: isContinued, desk: NoPasswords())
    laneSet = lanes
    for (loop, lane) in zip(loops, lanes.lanes) { loop.lane = lane }
    for (index, loop) in loops.enumerated() { loop.perform { lanes.prepare(index) } }
    lanes.wasTakenOver()
    for (index, loop) in loops.enumerated() {
      loop.perform {
        lanes.open(index)
        loop.schedule(every: UInt64(lanes.period)) { lanes.tick(index) }
      }
    }
    _ = pass(atMost: 1_000_000_000) {
      self.health.allSatisfy { $0.legacy != .connecting && $0.new != .connecting }
    }
  }

  var health: [LaneHealth] {
    guard let laneSet else { return [] }
    return loops.indices.map { index in
      var health: LaneHealth?
      loops[index].perform { health = laneSet.health(index) }
      return health
    }.compactMap(\.self)
  }

  private func nextJournal() -> String {
    journals += 1
    return "\(folder)/\(seed)-\(journals)"
  }

  /// `kill -9`: what was handed to the kernels and written to the files is all that is left. Returns where that is.
  func killProxy() -> String? {
    // The process that is gone writes no more; its files go on as they are in this moment.
    let left = journal.flatMap { copy($0.directory) }
    endProxy()
    return left
  }

  private func copy(_ directory: String) -> String? {
    let path = nextJournal()
    guard mkdir(path, 0o700) == 0, let names = opendir(directory) else { return nil }
    defer { closedir(names) }
    while let entry = readdir(names) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != "..", name != "lock" { copyFile("\(directory)/\(name)", "\(path)/\(name)") }
    }
    return path
  }

  func endProxy() {
    isMuted = true
    let all = sockets.values.sorted { $0.number < $1.number }
    for socket in all { socket.vanish() }
    sockets = [:]
    for index in loops.indices { laneSet?.forget(index) }
    for loop in loops { loop.end() }
    laneSet = nil
    loops = []
    if let directory = journal?.directory {
      journal = nil
      removeFolder(directory)
    }
    isMuted = false
  }

  // MARK: The network

  func connect(_ endpoint: StackEndpoint, _ loop: SimLoop, _ end: any LinkEnd) {
    guard let server = servers[endpoint.label == "legacy" ? .legacy : .new] else { return }
    loop.schedule(in: latency()) { [unowned self] in
      guard !server.isDown else { return end.closed("Connection refused") }
      let there = Pipe(self, capacity: plan.pipe)
      let back = Pipe(self, capacity: plan.pipe)
      let socket = made(
        SimSocket(
          loop, number: socketNumber(), inbound: back, outbound: there,
          .init(read: 1 << 16, low: 1 << 20, high: 4 << 20, allowsHalfClosure: false),
          for: LinkUser(end, endpoint)))
      server.connect(inbound: there, outbound: back)
      socket.open()
    }
  }

  private var lastSocket = 0
  private func socketNumber() -> Int {
    lastSocket += 1
    return lastSocket
  }

  private func made(_ socket: SimSocket) -> SimSocket {
    sockets[ObjectIdentifier(socket)] = socket
    return socket
  }

  func isGone(_ socket: SimSocket) { sockets[ObjectIdentifier(socket)] = nil }

  /// A client's connection to the proxy, on the loop that the kernel has chosen; nil while nobody listens.
  func connectClient() -> (inbound: Pipe, outbound: Pipe)? {
    guard let laneSet, !loops.isEmpty else { return nil }
    let index = chance.below(loops.count)
    let loop = loops[index]
    let there = Pipe(self, capacity: plan.pipe)
    let back = Pipe(self, capacity: plan.pipe)
    loop.perform {
      let lane = laneSet.lanes[index]
      let place = ClientPlace()
      guard case .come = laneSet.came(from: place, to: lane) else { return }
      let user = ClientUser(laneSet.session(at: place, on: lane)) { laneSet.left(place) }
      made(
        SimSocket(
          loop, number: socketNumber(), inbound: there, outbound: back,
          .init(read: 8 << 10, low: 1, high: 4 << 10, allowsHalfClosure: true), for: user)
      ).open()
    }
    return (back, there)
  }

  // MARK: What clients and machines tell

  func mayAsk() -> Bool {
    guard asked < plan.operations else { return false }
    asked += 1
    return true
  }

  func newValue() -> (Int, [UInt8]) {
    values += 1
    return (values, Values.text(values, length: chance.spread(0, plan.longestValue)))
  }

  /// Whether somebody has written that value; to which key is the history's to say.
  func isWritten(_ value: Int) -> Bool { (1...max(1, values)).contains(value) }

  func note(_ key: Int, _ operation: History.Operation) { histories[key].add(operation) }

  func refused(_ reply: Span<UInt8>) {
    let word = reply.withUnsafeBufferPointer {
      String(decoding: $0.prefix { $0 != 32 && $0 != 13 }, as: UTF8.self)
    }
    refusals[word, default: 0] += 1
    if story != nil { tell("refused: \(excerpt(reply))") }
  }

  func violated(_ words: String) {
    if violations.count < 20 { violations.append(words) }
    tell("VIOLATION \(words)")
  }

  /// From now on, for some time, keys may be lost that nobody deletes.
  func mayLose(for nanoseconds: UInt64, _ why: @autoclosure () -> String) {
    losses.append(now...now + nanoseconds)
    tell(why())
  }

  func mayHaveLost(since: UInt64) -> Bool {
    losses.contains { $0.upperBound >= since && $0.lowerBound <= now }
  }

  func clientLostConnection() { tell("a client lost its connection") }

  func heard(_ event: ProxyEvent) {
    guard !isMuted else { return }
    switch event {
    case .divergence(let divergence):
      divergences.append(divergence)
      tell("divergence \(divergence.kind) of \(String(decoding: divergence.key, as: UTF8.self))")
    case .health(let stack, let health, let lane):
      // A link that was lost may have cost what was under way.
      if health != .up, health != .connecting {
        mayLose(for: 3_000_000_000, "lane \(lane): \(stack.name) \(health)")
      }
    default: break
    }
  }
}

/// Nobody logs in here.
private struct NoPasswords: PasswordLooks {
  func look(
    _ given: [UInt8], _ stored: [any KnownPassword], from address: String, on loop: any Loop,
    _ done: @escaping @Sendable (PasswordOutcome) -> Void
  ) -> PasswordOutcome? { .wrong }

  func randomHex(digits: Int) -> String { String(repeating: "0", count: digits) }
}
