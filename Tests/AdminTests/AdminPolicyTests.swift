import SluiceAdmin
import Testing

@Suite struct AdminPolicyTests {
  private func refusal(
    _ headers: [String: String], method: String = "POST", isOpen: Bool = false, isTLS: Bool = false
  ) -> Int? {
    AdminPolicy.refusal(
      AdminRequest(
        method: method, target: "/api/rollback", headers: headers, peer: .init(address: "127.0.0.1"),
        isTLS: isTLS),
      isOpen: isOpen)?.status
  }

  @Test("an order is JSON, and comes from the page itself or from no page")
  func orders() {
    let json = ["host": "127.0.0.1:6402", "content-type": "application/json; charset=utf-8"]
    func with(_ name: String, _ value: String) -> [String: String] { json.merging([name: value]) { $1 } }
    #expect(refusal(json) == nil)
    #expect(refusal(with("origin", "http://127.0.0.1:6402")) == nil)
    #expect(refusal(with("sec-fetch-site", "same-origin")) == nil)
    #expect(refusal(with("origin", "https://127.0.0.1:6402"), isTLS: true) == nil)
    for origin in [
      "http://evil.example", "http://127.0.0.1:6403", "http://127.0.0.1", "ftp://127.0.0.1:6402", "null", "",
    ] {
      #expect(refusal(with("origin", origin)) == 403, "\(origin)")
    }
    for site in ["cross-site", "same-site"] { #expect(refusal(with("sec-fetch-site", site)) == 403) }
    for type in [
      "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
      "application/jsonx",
    ] {
      #expect(refusal(with("content-type", type)) == 415, "\(type)")
    }
    #expect(refusal(["host": "127.0.0.1:6402"]) == 415)
  }

  @Test("without tokens the door answers to addresses alone, so that no name can be made to lead here")
  func names() {
    for host in ["127.0.0.1:6402", "localhost:6402", "LOCALHOST", "[::1]:6402", "10.0.0.5"] {
      #expect(refusal(["host": host], method: "GET", isOpen: true) == nil, "\(host)")
    }
    for host in [
      "evil.example:6402", "127.0.0.1.evil.example", "", "1.2.3", "1.2.3.4.5:1", "256.1.1.1", "[::1",
      "localhost.evil:1",
    ] {
      #expect(refusal(["host": host], method: "GET", isOpen: true) == 403, "\(host)")
      #expect(refusal(["host": host], method: "GET", isOpen: false) == nil, "\(host)")
    }
  }

  @Test("another page may lead here, and may not make use of what is here")
  func links() {
    let host = ["host": "127.0.0.1:6402", "sec-fetch-site": "cross-site"]
    #expect(refusal(host.merging(["sec-fetch-mode": "navigate"]) { $1 }, method: "GET") == nil)
    #expect(refusal(host.merging(["sec-fetch-mode": "no-cors"]) { $1 }, method: "GET") == 403)
    #expect(refusal(host, method: "HEAD") == 403)
  }

  @Test("a token is taken from its header; a forwarded name has nothing in it that a log would obey")
  func words() {
    func bearer(_ value: String) -> String? {
      AdminRequest(method: "GET", target: "/", headers: ["authorization": value]).bearer
    }
    #expect(bearer("Bearer abc") == "abc")
    #expect(bearer("bearer  a b") == "a b")
    for value in ["", "Bearer", "Bearer ", "Basic abc", "abc"] { #expect(bearer(value) == nil, "\(value)") }
    #expect(AdminPolicy.forwardedUser("alice@example.org") == "alice@example.org")
    #expect(AdminPolicy.forwardedUser("a\u{1b}[2J\nb\u{e9}") == "a[2Jb")
    #expect(AdminPolicy.forwardedUser(String(repeating: "x", count: 500))?.count == 64)
    for value in [nil, "", " \n"] { #expect(AdminPolicy.forwardedUser(value) == nil) }
  }
}
