import Foundation
import SluiceHTTPCaller
import SluiceTestSupport
import Testing

/// Requests to others: where they go, what comes back, and that nothing there makes us wait for ever or hold more than we want.
@Suite struct HTTPCallerTests {
  @Test(
    "Where a request goes",
    arguments: [
      ("http://a", "http a 80 /"), ("https://a/b?c=d#e", "https a 443 /b?c=d"),
      ("http://a:81?x", "http a 81 /?x"),
      ("http://u:p%40@[::1]:8/x", "http ::1 8 /x u:p%40"), ("https://a@b@c/", "https c 443 / a@b"),
    ])
  func place(_ text: String, _ parts: String) throws {
    let place = try HTTPPlace(text)
    let login = place.login.map { " \($0)" } ?? ""
    #expect("\(place.isSecure ? "https" : "http") \(place.host) \(place.port) \(place.path)\(login)" == parts)
    #expect(!place.description.contains("c=d") && place.description.hasSuffix("/…"))
  }

  @Test(
    "What is no place",
    arguments: [
      "", "a", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x", "http://a b",
      "http://a\r\nX: y", "http://[::1]x", "https://ü",
    ])
  func noPlace(_ text: String) { #expect(throws: HTTPFault.self) { try HTTPPlace(text) } }

  private func call(_ port: UInt16, _ change: (inout HTTPCaller.Request) -> Void = { _ in }) async throws
    -> HTTPCaller.Answer
  {
    let caller = HTTPCaller()
    var request = HTTPCaller.Request(try HTTPPlace("http://127.0.0.1:\(port)/x"))
    request.patience = .seconds(5)
    change(&request)
    do {
      let answer = try await caller.call(request)
      await caller.stop()
      return answer
    } catch {
      await caller.stop()
      throw error
    }
  }

  @Test("Status, headers and body come back, whatever they are")
  func answer() async throws {
    let receiver = try HTTPReceiver { _ in .init(503, headers: ["ETag": "\"1\""], body: Array("later".utf8)) }
    defer { receiver.stop() }
    let answer = try await call(receiver.port) { $0.headers = [("If-None-Match", "\"0\"")] }
    #expect(answer.status == 503 && answer["etag"] == "\"1\"" && answer.body == Array("later".utf8))
    let request = try #require(receiver.requests.first)
    #expect(
      request.headers["host"] == "127.0.0.1:\(receiver.port)" && request.headers["if-none-match"] == "\"0\"")
  }

  @Test("Too long an answer, none in time, nobody there, and a header that would be two: each is said")
  func faults() async throws {
    let long = try HTTPReceiver { _ in .init(200, body: [UInt8](repeating: 0x78, count: 5000)) }
    defer { long.stop() }
    var fault = await #expect(throws: HTTPFault.self) { try await call(long.port) { $0.answerBytes = 1000 } }
    #expect(fault?.description.contains("more than 1000 bytes") == true)
    let silent = try HTTPReceiver { _ in
      // Longer than anybody waits for.
      Thread.sleep(forTimeInterval: 1)
      return .init()
    }
    defer { silent.stop() }
    fault = await #expect(throws: HTTPFault.self) {
      try await call(silent.port) { $0.patience = .milliseconds(100) }
    }
    #expect(fault?.description == "did not answer within 100 ms")
    let gone = try HTTPReceiver()
    gone.stop()
    fault = await #expect(throws: HTTPFault.self) { try await call(gone.port) }
    #expect(fault?.description == "cannot be reached: Connection refused", "\(String(describing: fault))")
    let other = try HTTPReceiver()
    defer { other.stop() }
    _ = await #expect(throws: HTTPFault.self) {
      try await call(other.port) {
        $0.headers = [("X", "a\r\nY: b")]
        $0.patience = .milliseconds(300)
      }
    }
    #expect(other.requests.isEmpty)
  }
}
