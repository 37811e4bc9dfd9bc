/// Whether a short way that depends on the servers is worth trying: not after it has failed three times out of four.
struct Luck {
  private var tried = 0
  private var succeeded = 0

  var isWorthIt: Bool { tried < 256 || succeeded * 4 > tried }

  mutating func note(_ hasSucceeded: Bool) {
    tried += 1
    if hasSucceeded { succeeded += 1 }
  }
}
