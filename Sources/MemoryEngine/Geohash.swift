#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A place on earth, and the 52 bits that a sorted set keeps of it.
///
/// Source: `geohash.c` and `geohash_helper.c` of Redis 7.0.
struct GeoPoint {
  let longitude: Double
  let latitude: Double

  static let mostLongitude = 180.0
  static let mostLatitude = 85.05112878
  private static let steps = 26
  private static let earthRadius = 6372797.560856

  /// The bits of latitude and longitude in turns, latitude the lowest.
  func hash(mostLatitude: Double = GeoPoint.mostLatitude) -> UInt64 {
    let cells = Double(1 << GeoPoint.steps)
    func cell(_ value: Double, _ most: Double) -> UInt64 {
      let cell = (value + most) / (2 * most) * cells
      return UInt64(UInt32(clamping: Int(max(0, min(cells, cell)))))
    }
    let low = GeoPoint.spread(cell(latitude, mostLatitude))
    let high = GeoPoint.spread(cell(longitude, GeoPoint.mostLongitude))
    return low | high << 1
  }

  init(longitude: Double, latitude: Double) {
    self.longitude = longitude
    self.latitude = latitude
  }

  /// The middle of the cell that a score stands for.
  init(score: Double) {
    let bits = UInt64(exactly: score.rounded(.towardZero)) ?? 0
    let cells = Double(1 << GeoPoint.steps)
    func middle(_ cell: UInt64, _ most: Double) -> Double {
      let low = -most + Double(cell) / cells * (2 * most)
      let high = -most + Double(cell + 1) / cells * (2 * most)
      return min(most, max(-most, (low + high) / 2))
    }
    latitude = middle(GeoPoint.gather(bits), GeoPoint.mostLatitude)
    longitude = middle(GeoPoint.gather(bits >> 1), GeoPoint.mostLongitude)
  }

  /// The eleven letters of the usual geohash, whose latitude goes to the poles.
  var text: [UInt8] {
    let letters = Array("0123456789bcdefghjkmnpqrstuvwxyz".utf8)
    let bits = hash(mostLatitude: 90)
    var text: [UInt8] = []
    for place in 1...10 {
      let shift = UInt64(52 - place * 5)
      text.append(letters[Int((bits >> shift) & 31)])
    }
    // 52 bits are ten letters and two bits.
    text.append(letters[0])
    return text
  }

  /// Metres along a great circle.
  func distance(to other: GeoPoint) -> Double {
    let v = sin((other.longitude.radians - longitude.radians) / 2)
    if v == 0 { return latitudeDistance(to: other) }
    let u = sin((other.latitude.radians - latitude.radians) / 2)
    let a = u * u + cos(latitude.radians) * cos(other.latitude.radians) * v * v
    return 2 * GeoPoint.earthRadius * asin(a.squareRoot())
  }

  func latitudeDistance(to other: GeoPoint) -> Double {
    GeoPoint.earthRadius * (other.latitude.radians - latitude.radians).magnitude
  }

  /// Zeros between the lower 32 bits.
  private static func spread(_ value: UInt64) -> UInt64 {
    var bits = value & 0xFFFF_FFFF
    bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF
    bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF
    bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    bits = (bits | bits << 2) & 0x3333_3333_3333_3333
    return (bits | bits << 1) & 0x5555_5555_5555_5555
  }

  private static func gather(_ value: UInt64) -> UInt64 {
    var bits = value & 0x5555_5555_5555_5555
    bits = (bits | bits >> 1) & 0x3333_3333_3333_3333
    bits = (bits | bits >> 2) & 0x0F0F_0F0F_0F0F_0F0F
    bits = (bits | bits >> 4) & 0x00FF_00FF_00FF_00FF
    bits = (bits | bits >> 8) & 0x0000_FFFF_0000_FFFF
    return (bits | bits >> 16) & 0x0000_0000_FFFF_FFFF
  }
}

extension Double {
  fileprivate var radians: Double { self * 0.017453292519943295769236907684886 }
}

/// The unit of a distance, in metres.
enum GeoUnit {
  static func metres(_ request: Request, _ index: Int) throws -> Double {
    if request.isWord(index, "M") { return 1 }
    if request.isWord(index, "KM") { return 1000 }
    if request.isWord(index, "FT") { return 0.3048 }
    if request.isWord(index, "MI") { return 1609.34 }
    throw Refusal.text("ERR unsupported unit provided. please use M, KM, FT, MI")
  }
}
