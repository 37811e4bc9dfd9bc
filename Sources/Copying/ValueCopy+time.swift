/// When the key ends: asked for with its value, so that the two belong together.
extension ValueCopy {
  var timeQuestion: Words { Words(timeName, key) }
  private var timeName: String { usesRemaining ? "PTTL" : "PEXPIRETIME" }

  /// How it ends if the time shows that; nil if the time was taken. Only `-2` says that the key is gone: a stack that is loading, or that
  /// lets us ask for no times, says nothing of the key.
  mutating func takeTime(_ reply: [UInt8], now: Int) -> Ending? {
    let answer = Answer(reply)
    guard let time = answer.number else { return .failed(answer.trouble ?? "no answer to \(timeName)") }
    if time == -2 { return .absent }
    if time < 0 {
      expiry = 0
    } else {
      expiry = max(1, usesRemaining ? now &+ time : time &+ shift)
    }
    return nil
  }

  /// The source does not know `PEXPIRETIME`, or does not let us ask it: its `PTTL` is a time from now.
  mutating func asksOtherwise(_ reply: [UInt8]) -> Bool {
    guard !usesRemaining, let trouble = Answer(reply).trouble,
      trouble.hasPrefix("ERR") || trouble.hasPrefix("NOPERM")
    else { return false }
    usesRemaining = true
    return true
  }
}
