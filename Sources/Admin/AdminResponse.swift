/// What the door answers.
public struct AdminResponse: Sendable {
  public var status: Int
  public var type: String
  public var headers: [(name: String, value: String)] = []
  public var body: [UInt8]
  /// Whether events follow for as long as the viewer stays; `body` is the first of them.
  public var isStream = false

  public init(_ status: Int, type: String, _ body: some Sequence<UInt8>) {
    self.status = status
    self.type = type
    self.body = Array(body)
  }

  /// A sentence for people.
  public static func text(_ status: Int, _ text: String) -> AdminResponse {
    AdminResponse(status, type: "text/plain; charset=utf-8", Array("\(text)\n".utf8))
  }

  public static func json(_ text: String) -> AdminResponse { json(200, text) }

  public static func json(_ status: Int, _ text: String) -> AdminResponse {
    AdminResponse(status, type: "application/json", Array(text.utf8))
  }

  /// `{"error": …}`
  public static func refusal(_ status: Int, _ reason: String) -> AdminResponse {
    json(status, "{\"error\":\(JSONText.quoted(reason))}\n")
  }

  /// What goes with every answer: nothing is kept, guessed at, framed or told to others.
  public static let always: [(name: String, value: String)] = [
    ("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"), ("cross-origin-resource-policy", "same-origin"),
  ]

  /// Where a page does not say more for itself: a browser that is brought here carries out nothing.
  public static let nothingAllowed = "default-src 'none'; frame-ancestors 'none'"
}
