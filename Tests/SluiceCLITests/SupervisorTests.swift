import Glibc
import SluiceBuild
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCLI
@testable import SluiceControl

/// What systemd is told, read at a socket of our own.
@Suite struct SupervisorTests {
  /// The end of the one who listens.
  private final class Listener {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
      self.path = path
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
      let isBound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(isBound == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram, or nil where none came. It blocks no thread: whoever is to send one needs it.
    func next(within limit: Duration) async -> String? {
      let end = ContinuousClock.now + limit
      repeat {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        if count >= 0 { return String(decoding: bytes.prefix(count), as: UTF8.self) }
        try? await ContinuousClock().sleep(for: .milliseconds(5))
      } while ContinuousClock.now < end
      return nil
    }
  }

  @Test("It says that it is ready, that it is well as often as it is asked, and that it ends")
  func words() async throws {
    let folder = try ScratchFolder()
    let listener = try Listener("\(folder.path)/notify")
    let supervisor = try #require(
      Supervisor(
        environment: [
          "NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "40000", "WATCHDOG_PID": "\(getpid())",
        ]))
    supervisor.ready("stage live\n25 %")
    #expect(await listener.next(within: .seconds(60)) == "READY=1\nSTATUS=stage live 25 %")
    let watch = Task { await supervisor.watch { true } }
    for _ in 0..<3 { #expect(await listener.next(within: .seconds(60)) == "WATCHDOG=1") }
    watch.cancel()
    await watch.value
    while await listener.next(within: .zero) != nil {}
    supervisor.stopping()
    #expect(await listener.next(within: .seconds(60))?.hasPrefix("STOPPING=1\n") == true)
  }

  @Test("Who is not well says nothing")
  func unwell() async throws {
    let folder = try ScratchFolder()
    let listener = try Listener("\(folder.path)/notify")
    let supervisor = try #require(
      Supervisor(environment: ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "20000"]))
    let watch = Task { await supervisor.watch { false } }
    #expect(await listener.next(within: .milliseconds(200)) == nil)
    watch.cancel()
  }

  @Test("Nobody is told where nobody has asked, or asked another process")
  func nobody() async throws {
    for socket in [nil, "", "relative", String(repeating: "/x", count: 60)] {
      #expect(Supervisor(environment: socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]) == nil)
    }
    for more in [
      ["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"], ["WATCHDOG_USEC": "-5"], ["WATCHDOG_USEC": "soon"], [:],
    ] {
      let supervisor = Supervisor(
        environment: more.merging(["NOTIFY_SOCKET": "/nowhere"]) { one, _ in one }, process: 2)
      #expect(supervisor != nil && supervisor?.patience == nil)
      supervisor?.ready("to a socket that is not there")
      await supervisor?.watch { true }
    }
    #expect(Supervisor(environment: ["NOTIFY_SOCKET": "@abstract"]) != nil)
  }

  @Test("The version says of what it is a build")
  func version() {
    #expect(SluiceCommand.version.hasPrefix("\(Build.version) (revision "))
    #expect(SluiceCommand.version.contains(", debug, ") && !Build.revision.isEmpty)
    #expect(SluiceService.version == Build.version)
  }
}
