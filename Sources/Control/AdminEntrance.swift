import NIOCore
import NIOPosix
import SluiceAdmin
import SluiceAdminDoor
import SluiceConfiguration
import SluiceProxy
import SluiceTLS

/// The admin door while it is open. Whether it is there, slow or gone is nothing to the traffic and to the control port: it has a loop of its
/// own, and nobody waits for it.
struct AdminEntrance: Sendable {
  private let door: AdminDoor
  private let opened: DoorOpening.Opened
  private let tokens: TokenKeeper?
  private let fleet: FleetWatch?
  private let publishing: Task<Void, Never>

  /// Where it really listens.
  var addresses: [Address] { opened.addresses }

  /// - Throws: `ServeError` naming the address that could not be opened.
  static func open(
    on addresses: [Address], desk: AdminDesk, tls: TLSKeepers,
    refused: @escaping @Sendable (TLSRefusal, _ words: String, SocketAddress?) -> Void
  ) async throws -> AdminEntrance {
    let door = AdminDoor { await desk.answer($0) }
    do throws(ServeError) {
      let opened = try await DoorOpening.open(addresses, option: "--admin", on: door.group, halfCloses: false)
      {
        try $0.pipeline.syncOperations.addHandler(door.handler(isTLS: false))
      } secure: { channel in
        guard let context = tls.admin else { throw ChannelError.inappropriateOperationForState }
        door.accepted(channel)
        let gate = TLSGate(tls.patience, context.counts) {
          door.handler(isTLS: true)
        } refused: { reason, words, channel in
          refused(reason, words, channel.remoteAddress)
        }
        try channel.pipeline.syncOperations.addHandler(gate)
        try context.start(in: channel)
      }
      return AdminEntrance(
        door: door, opened: opened, tokens: desk.tokens, fleet: desk.fleet,
        publishing: Task {
          async let fleet: Void = desk.publishFleet(to: door)
          await desk.publish(to: door)
          await fleet
        })
    } catch {
      await door.stop()
      throw error
    }
  }

  /// Reads the files of tokens and of the fleet again; who looks comes again, if that is allowed still.
  ///
  /// - Returns: what is wrong.
  func readFiles() async -> [String] {
    let wrong = [await fleet?.readAgain()].compactMap(\.self)
    guard let (isChanged, problem) = tokens?.read() else { return wrong }
    if isChanged { door.endStreams() }
    return wrong + [problem].compactMap(\.self)
  }

  func stop() async {
    publishing.cancel()
    await opened.close()
    await door.stop()
    await fleet?.stop()
  }
}

extension SluiceService {
  /// Opens the admin door, where one is asked for.
  func openDoor(
    _ desk: ControlDesk, _ cutover: Cutover, _ proxy: ProxyServer,
    _ status: @escaping @Sendable () async -> StatusReport, _ tls: TLSKeepers, _ notes: LimitNotes
  ) async throws -> AdminEntrance? {
    let admin = configuration.admin
    guard !admin.listen.isEmpty else { return nil }
    var tokens: TokenKeeper?
    if let path = admin.tokensFile {
      do throws(AdminProblem) {
        tokens = try TokenKeeper(path: path, guesses: visitorGuesses, logger: logger)
      } catch {
        throw ServeError.cannotUseTokens(path, error)
      }
    }
    let lanes = configuration.threads
    let watch = admin.fleet.map { FleetWatch(path: admin.fleetFile ?? "", $0) }
    let entrance = try await AdminEntrance.open(
      on: admin.listen,
      desk: AdminDesk(
        desk: desk, frames: AdminFrames(cutover, status: status), pages: LedgerPages(), tokens: tokens,
        proxies: Set(admin.proxies), fleet: watch
      ) { await proxy.health().count == lanes },
      tls: tls
    ) {
      notes.refusedByTLS($0, $1, door: "the admin door", client: $2?.ipAddress ?? "somebody")
    }
    door.withLock { $0 = entrance }
    return entrance
  }
}
