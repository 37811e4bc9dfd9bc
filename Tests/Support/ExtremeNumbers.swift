import Foundation
import SluiceLoadGenerator

/// Numbers at the ends of every range that somebody may compute in, as they could come from a socket, a file or a user; and some that
/// are none. The same seed gives the same numbers.
///
/// `SLUICE_FUZZ_SEED` repeats a run, `SLUICE_FUZZ_NUMBERS` makes all of them so many times longer (`make fuzz`).
public struct ExtremeNumbers: Sendable {
  private static let environment = ProcessInfo.processInfo.environment
  private static let seed =
    environment["SLUICE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64.max >> 1)
  private static let factor = max(1, environment["SLUICE_FUZZ_NUMBERS"].flatMap { Int($0) } ?? 1)

  public var random: SplitMix64

  /// Prints the seed, with the name of the test that begins.
  public init(_ test: String) {
    print("\(test): SLUICE_FUZZ_SEED=\(ExtremeNumbers.seed)")
    random = SplitMix64(seed: ExtremeNumbers.seed)
  }

  /// For what a failure says.
  public var seed: UInt64 { ExtremeNumbers.seed }

  /// How often to go on, of a number that is quick.
  public static func rounds(_ count: Int) -> Int { count * factor }

  /// 0 up to `bound`, not included.
  public mutating func below(_ bound: Int) -> Int { Int(random.next() >> 33) % max(1, bound) }

  public mutating func pick(_ words: [String]) -> String { words.isEmpty ? "" : words[below(words.count)] }

  /// A number of 64 bits at or near a power of two, or any.
  public mutating func bits() -> UInt64 {
    switch below(4) {
    case 0: random.next() >> UInt64(below(64))
    case 1: 0 &- UInt64(below(64))
    default: (UInt64(1) << UInt64(below(64))) &+ UInt64(below(64)) &- 32
    }
  }

  /// The same in digits, or something that only looks like a number.
  public mutating func text() -> String {
    switch below(8) {
    case 0: String(below(12))
    case 1:
      pick([
        "", "-", "+1", "-0", "00", "007", " 1", "1 ", "1x", "0x10", "1.5", ".5", "5.", "1e3", "1e400",
        "-1e400", "nan",
        "inf", "-inf", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999", "4294967296", "2147483648", "2147483647", "-2147483649",
      ])
    case 2: String(Int64(bitPattern: 0x7fff_ffff_ffff_ffff) - Int64(below(40)))
    case 3: String(Int64.min + Int64(below(40)))
    case 4, 5: String(Int64(bitPattern: bits()))
    case 6: String(bits())
    default: String(-below(3))
    }
  }

  /// `template` with a number in the place of each `#`.
  public mutating func filled(_ template: String) -> String {
    var text = ""
    for character in template { text += character == "#" ? self.text() : String(character) }
    return text
  }

  /// The same, where JSON takes it for a number.
  public mutating func json() -> String {
    pick([
      String(Int64(bitPattern: bits())), String(bits()), "-1", "0", "1e308", "-1e308", "1e-320", "0.5",
      "1e19", "-0.0",
      "99999999999999999999999999",
    ])
  }

  /// Some bytes are others, or gone, or the end is missing.
  public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(3) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(4) {
      case 0: bytes.remove(at: place)
      case 1: bytes[place] ^= 1 << UInt8(below(8))
      case 2: bytes.removeSubrange(place...)
      default: bytes[place] = Array("*$:+-_,#(!=~%>|019\r\n".utf8)[below(20)]
      }
    }
    return bytes
  }
}
