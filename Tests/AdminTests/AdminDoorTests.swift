import NIOCore
import NIOPosix
import SluiceAdmin
import SluiceAdminDoor
import SluiceTestSupport
import Synchronization
import Testing

/// The shell: HTTP over real sockets, with somebody else's answers.
@Suite(.serialized) struct AdminDoorTests {
  private final class Bed {
    let door: AdminDoor
    let port: UInt16
    private let channel: Channel

    init(_ answer: @escaping AdminDoor.Answer) async throws {
      let door = AdminDoor(answer: answer)
      self.door = door
      channel = try await ServerBootstrap(group: door.group).childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(door.handler(isTLS: false))
        }
      }.bind(host: "127.0.0.1", port: 0).get()
      port = UInt16(channel.localAddress?.port ?? 0)
    }

    func ask(_ text: String) throws -> String {
      let socket = try SocketClient(port: port)
      try socket.send(text)
      return try socket.untilClosed()
    }

    func stop() async { await door.stop() }
  }

  private func echo() async throws -> Bed {
    try await Bed { request in
      .text(
        200,
        "\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self)) \(request.peer.address ?? "")"
      )
    }
  }

  @Test("a request has its answer, one behind the other, with the headers that always go along")
  func answers() async throws {
    let bed = try await echo()
    let both = try bed.ask(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    let answers = both.split(separator: "HTTP/1.1 200 OK\r\n")
    #expect(answers.count == 2)
    #expect(answers.first?.hasSuffix("POST /a abc 127.0.0.1\n") == true)
    #expect(answers.last?.hasSuffix("GET /b  127.0.0.1\n") == true)
    for header in [
      "cache-control: no-store", "x-content-type-options: nosniff", "x-frame-options: DENY",
      "default-src 'none'; frame-ancestors 'none'",
    ] {
      #expect(both.contains(header), "\(header)")
    }
    #expect(!both.lowercased().contains("set-cookie"))
    let head = try bed.ask("HEAD /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(head.hasSuffix("\r\n\r\n") && head.contains("content-length: 19\r\n"))
    await bed.stop()
  }

  @Test("what is no request, or too much of one, is refused and ends")
  func refuses() async throws {
    let bed = try await echo()
    #expect(try bed.ask("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400"))
    let large = String(repeating: "x", count: 20_000)
    #expect(
      try bed.ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n\(large)").hasPrefix(
        "HTTP/1.1 413"))
    #expect(try bed.ask("GET /a HTTP/1.1\r\nHost: x\r\nX-Long: \(large)\r\n\r\n").hasPrefix("HTTP/1.1 4"))
    #expect(try bed.ask("GET /still HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").contains("GET /still"))
    await bed.stop()
  }

  @Test(
    "events: all who look get the same one, the hundred and first is told so, and who has gone is forgotten")
  func events() async throws {
    let bed = try await Bed { _ in
      var response = AdminResponse(200, type: "text/event-stream", Array("event: first\n\n".utf8))
      response.isStream = true
      return response
    }
    var viewers: [SocketClient] = []
    for _ in 0..<AdminDoor.mostViewers {
      let viewer = try SocketClient(port: bed.port)
      try viewer.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
      viewers.append(viewer)
    }
    let door = bed.door
    try eventually("all look") { door.viewers == AdminDoor.mostViewers }
    #expect(
      try bed.ask("GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").hasPrefix("HTTP/1.1 503"))
    door.publish(Array("event: second\n\n".utf8))
    door.endStreams()
    for viewer in viewers.prefix(3) {
      let text = try viewer.untilClosed()
      #expect(text.contains("event: first\n\n") && text.contains("event: second\n\n"))
    }
    try eventually("nobody looks") { door.viewers == 0 }
    await bed.stop()
  }

  @Test("who opens connections and says nothing closes the oldest of them, and keeps nobody out")
  func idlers() async throws {
    let bed = try await echo()
    let first = try SocketClient(port: bed.port)
    let idlers = try (0..<AdminDoor.mostOthers + 5).map { _ in try SocketClient(port: bed.port) }
    #expect(try first.untilClosed().isEmpty)
    #expect(try bed.ask("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").contains("GET /x"))
    _ = idlers
    await bed.stop()
  }
}
