/// A HyperLogLog of 16384 registers, and the two forms of bytes that Redis keeps one in: sparse runs while it
/// is small, then six bits a register. The string is the value: `GET`, `DUMP` and a copy take it along.
///
/// Source: `hyperloglog.c` of Redis 7.0; Ertl, New cardinality estimation algorithms for HyperLogLog sketches
/// (2017).
struct HyperLogLog {
  enum Trouble: Error { case notOne, corrupt }

  static let count = 16384
  private static let header = 16
  private static let denseSize = header + count * 6 / 8
  /// Redis' `hll-sparse-max-bytes`.
  private static let longestSparse = 3000
  private static let magic = Array("HYLL".utf8)

  private(set) var registers: [UInt8]
  private(set) var isDense: Bool
  /// The number that was counted last, and in the highest bit whether it is out of date.
  private var card: UInt64 = 0

  /// An empty one.
  init() {
    registers = Array(repeating: 0, count: HyperLogLog.count)
    isDense = false
  }

  init(_ bytes: [UInt8]) throws(Trouble) {
    self.init()
    guard bytes.count >= HyperLogLog.header, bytes[0..<4].elementsEqual(HyperLogLog.magic), bytes[4] <= 1
    else {
      throw .notOne
    }
    isDense = bytes[4] == 0
    card = (0..<8).reduce(0) { $0 | UInt64(bytes[8 + $1]) << UInt64(8 * $1) }
    if isDense {
      guard bytes.count == HyperLogLog.denseSize else { throw .notOne }
      for index in 0..<HyperLogLog.count {
        let bit = index * 6
        let place = HyperLogLog.header + bit / 8
        let low = UInt16(bytes[place]) | (place + 1 < bytes.count ? UInt16(bytes[place + 1]) << 8 : 0)
        registers[index] = UInt8(low >> UInt16(bit % 8) & 63)
      }
    } else {
      try readRuns(bytes)
    }
  }

  private mutating func readRuns(_ bytes: [UInt8]) throws(Trouble) {
    var index = 0
    var place = HyperLogLog.header
    while place < bytes.count {
      let byte = bytes[place]
      var length = Int(byte & 63) + 1
      var value: UInt8 = 0
      if byte & 0x80 != 0 {
        length = Int(byte & 3) + 1
        value = (byte >> 2 & 31) + 1
      } else if byte & 0x40 != 0 {
        place += 1
        guard place < bytes.count else { throw .corrupt }
        length = (Int(byte & 63) << 8 | Int(bytes[place])) + 1
      }
      guard index + length <= HyperLogLog.count else { throw .corrupt }
      if value > 0 { for register in index..<index + length { registers[register] = value } }
      index += length
      place += 1
    }
    guard index == HyperLogLog.count else { throw .corrupt }
  }

  /// The string; without a number that was counted now it says that the last one is out of date.
  mutating func bytes(counted: UInt64? = nil) -> [UInt8] {
    let runs = isDense ? nil : sparse()
    isDense = runs == nil
    var bytes = HyperLogLog.magic + [isDense ? 0 : 1, 0, 0, 0]
    let number = counted ?? card | 1 << 63
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * shift))) }
    if let runs { return bytes + runs }
    bytes.append(contentsOf: repeatElement(0, count: HyperLogLog.denseSize - HyperLogLog.header))
    for (index, register) in registers.enumerated() where register > 0 {
      let bit = index * 6
      let place = HyperLogLog.header + bit / 8
      let shifted = UInt16(register) << UInt16(bit % 8)
      bytes[place] |= UInt8(truncatingIfNeeded: shifted)
      if shifted > 0xFF { bytes[place + 1] |= UInt8(truncatingIfNeeded: shifted >> 8) }
    }
    return bytes
  }

  /// Nil if the runs are too long, or a register has no place in them.
  private func sparse() -> [UInt8]? {
    var runs: [UInt8] = []
    var index = 0
    while index < HyperLogLog.count {
      let value = registers[index]
      guard value <= 32 else { return nil }
      let longest = value > 0 ? 4 : HyperLogLog.count
      var end = index + 1
      while end < HyperLogLog.count, end - index < longest, registers[end] == value { end += 1 }
      let length = end - index - 1
      if value > 0 {
        runs.append(0x80 | (value - 1) << 2 | UInt8(truncatingIfNeeded: length))
      } else if length < 64 {
        runs.append(UInt8(truncatingIfNeeded: length))
      } else {
        runs.append(0x40 | UInt8(truncatingIfNeeded: length >> 8))
        runs.append(UInt8(truncatingIfNeeded: length))
      }
      guard runs.count + HyperLogLog.header <= HyperLogLog.longestSparse else { return nil }
      index = end
    }
    return runs
  }

  /// The number that was counted last, if nothing has changed since.
  var counted: UInt64? { card >> 63 == 0 ? card : nil }

  /// Whether a register grew.
  mutating func add(_ element: [UInt8]) -> Bool {
    let hash = HyperLogLog.murmur(element)
    let index = Int(hash & 16383)
    let rank = UInt8((hash >> 14 | 1 << 50).trailingZeroBitCount + 1)
    guard registers[index] < rank else { return false }
    registers[index] = rank
    return true
  }

  /// - Parameter isFirst: whether `other` is what the result replaces: it keeps its last number.
  mutating func merge(_ other: HyperLogLog, isFirst: Bool = false) {
    if isFirst { card = other.card }
    for index in registers.indices where other.registers[index] > registers[index] {
      registers[index] = other.registers[index]
    }
    if other.isDense { isDense = true }
  }

  // MARK: Counting

  func estimate() -> UInt64 {
    var histogram = Array(repeating: 0, count: 64)
    for register in registers { histogram[Int(register)] += 1 }
    let total = Double(HyperLogLog.count)
    var sum = total * HyperLogLog.tau((total - Double(histogram[51])) / total)
    for rank in stride(from: 50, through: 1, by: -1) {
      sum += Double(histogram[rank])
      sum *= 0.5
    }
    sum += total * HyperLogLog.sigma(Double(histogram[0]) / total)
    let estimate = (0.721347520444481703680 * total * total / sum).rounded(.toNearestOrAwayFromZero)
    return UInt64(exactly: estimate) ?? 0
  }

  private static func sigma(_ start: Double) -> Double {
    if start == 1 { return .infinity }
    var (x, y, z) = (start, 1.0, start)
    while true {
      x *= x
      let last = z
      z += x * y
      y += y
      if last == z { return z }
    }
  }

  private static func tau(_ start: Double) -> Double {
    if start == 0 || start == 1 { return 0 }
    var (x, y, z) = (start, 1.0, 1 - start)
    while true {
      x = x.squareRoot()
      let last = z
      y *= 0.5
      z -= (1 - x) * (1 - x) * y
      if last == z { return z / 3 }
    }
  }

  /// MurmurHash64A with Redis' seed.
  private static func murmur(_ bytes: [UInt8]) -> UInt64 {
    let factor: UInt64 = 0xc6a4_a793_5bd1_e995
    var hash = 0xadc8_3b19 ^ (UInt64(bytes.count) &* factor)
    var place = 0
    while bytes.count - place >= 8 {
      var word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1) }
      word = word &* factor
      word ^= word >> 47
      hash = (hash ^ (word &* factor)) &* factor
      place += 8
    }
    if place < bytes.count {
      for (shift, byte) in bytes[place...].enumerated() { hash ^= UInt64(byte) << UInt64(8 * shift) }
      hash = hash &* factor
    }
    hash ^= hash >> 47
    hash = hash &* factor
    return hash ^ hash >> 47
  }
}
