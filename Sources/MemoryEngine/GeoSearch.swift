/// What `GEOSEARCH` and `GEORADIUS` look for. Every member is looked at.
struct GeoSearch {
  enum Shape {
    /// Metres.
    case circle(Double)
    case box(width: Double, height: Double)
  }

  struct Hit {
    let member: [UInt8]
    let score: Double
    let point: GeoPoint
    /// Metres.
    let distance: Double
  }

  /// Where the key stands, where the options begin, and where the key of a result stands.
  let source: Int
  let options: Int
  var target: Int?
  var storesDistance = false

  var center: GeoPoint?
  var shape: Shape?
  /// What distances are told in, in metres.
  var unit = 1.0
  private var withDistance = false
  private var withHash = false
  private var withPoint = false
  /// Nil leaves the order open.
  private var isAscending: Bool?
  private var limit = 0
  private var takesAny = false

  init(source: Int, options: Int, target: Int? = nil) {
    self.source = source
    self.options = options
    self.target = target
  }

  static func center(_ set: SortedSetValue, _ member: [UInt8]) throws -> GeoPoint {
    guard let score = set.score(of: member) else {
      throw Refusal.text("ERR could not decode requested zset member")
    }
    return GeoPoint(score: score)
  }

  /// Reads a radius and its unit.
  mutating func radius(_ request: Request, _ index: Int) throws -> Double {
    let radius = try request.double(index, or: "ERR need numeric radius")
    guard radius >= 0 else { throw Refusal.text("ERR radius cannot be negative") }
    let unit = try GeoUnit.metres(request, index + 1)
    shape = .circle(radius * unit)
    return unit
  }

  private mutating func box(_ request: Request, _ index: Int) throws {
    let width = try request.double(index, or: "ERR need numeric width")
    let height = try request.double(index + 1, or: "ERR need numeric height")
    guard width >= 0, height >= 0 else { throw Refusal.text("ERR height or width cannot be negative") }
    unit = try GeoUnit.metres(request, index + 2)
    shape = .box(width: width * unit, height: height * unit)
  }

  mutating func readOptions(
    _ request: Request, _ set: SortedSetValue?, isRadius: Bool, canStore: Bool,
    _ engine: borrowing MemoryEngine
  ) throws {
    let stores = target != nil
    var (isFromMember, isFromPlace, isByRadius, isByBox) = (false, false, false, false)
    var index = options
    while index < request.count {
      let left = request.count - index - 1
      if request.isWord(index, "WITHDIST") {
        withDistance = true
      } else if request.isWord(index, "WITHHASH") {
        withHash = true
      } else if request.isWord(index, "WITHCOORD") {
        withPoint = true
      } else if request.isWord(index, "ANY") {
        takesAny = true
      } else if request.isWord(index, "ASC") {
        isAscending = true
      } else if request.isWord(index, "DESC") {
        isAscending = false
      } else if left > 0, request.isWord(index, "COUNT") {
        let number = try request.integer(index + 1)
        guard number > 0 else { throw Refusal.text("ERR COUNT must be > 0") }
        limit = Int(number)
        index += 1
      } else if isRadius, canStore, left > 0, request.isWord(index, "STORE") {
        target = index + 1
        storesDistance = false
        index += 1
      } else if isRadius, canStore, left > 0, request.isWord(index, "STOREDIST") {
        target = index + 1
        storesDistance = true
        index += 1
      } else if !isRadius, left > 0, !isFromPlace, request.isWord(index, "FROMMEMBER") {
        if let set { center = try GeoSearch.center(set, request[index + 1]) }
        isFromMember = true
        index += 1
      } else if !isRadius, left > 1, !isFromMember, request.isWord(index, "FROMLONLAT") {
        center = try engine.point(request, index + 1)
        isFromPlace = true
        index += 2
      } else if !isRadius, left > 1, !isByBox, request.isWord(index, "BYRADIUS") {
        unit = try radius(request, index + 1)
        isByRadius = true
        index += 2
      } else if !isRadius, left > 2, !isByRadius, request.isWord(index, "BYBOX") {
        try box(request, index + 1)
        isByBox = true
        index += 3
      } else if !isRadius, stores, request.isWord(index, "STOREDIST") {
        storesDistance = true
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    if target != nil, withDistance || withHash || withPoint {
      let what = isRadius ? "STORE option in GEORADIUS" : "GEOSEARCHSTORE"
      throw Refusal.line("ERR \(what) is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
    }
    let name = String(decoding: request[0], as: UTF8.self)
    if !isRadius, !isFromMember, !isFromPlace {
      throw Refusal.line("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for \(name)")
    }
    if !isRadius, !isByRadius, !isByBox {
      throw Refusal.line("ERR exactly one of BYRADIUS and BYBOX can be specified for \(name)")
    }
    if takesAny, limit == 0 { throw Refusal.text("ERR the ANY argument requires COUNT argument") }
    if limit > 0, isAscending == nil, !takesAny { isAscending = true }
  }

  func hits(_ set: SortedSetValue) -> [Hit] {
    guard let center, let shape else { return [] }
    var hits: [Hit] = []
    set.order.walk(from: 0) { element in
      let point = GeoPoint(score: element.score)
      let distance = center.distance(to: point)
      switch shape {
      case .circle(let radius):
        guard distance <= radius else { return true }
      case .box(let width, let height):
        let across = GeoPoint(longitude: center.longitude, latitude: point.latitude).distance(to: point)
        guard center.latitudeDistance(to: point) <= height / 2, across <= width / 2 else { return true }
      }
      hits.append(Hit(member: element.member, score: element.score, point: point, distance: distance))
      return !takesAny || hits.count < limit
    }
    if let isAscending {
      hits.sort { isAscending ? $0.distance < $1.distance : $0.distance > $1.distance }
    }
    return limit > 0 && hits.count > limit ? Array(hits[..<limit]) : hits
  }

  func reply(_ hit: Hit, _ output: inout [UInt8]) {
    let extras = (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPoint ? 1 : 0)
    if extras > 0 { output.reply(arrayOf: extras + 1) }
    output.reply(bulk: hit.member)
    if withDistance { output.reply(bulk: FloatText.fixed(hit.distance / unit, 4)) }
    if withHash { output.reply(integer: Int64(exactly: hit.score.rounded(.towardZero)) ?? 0) }
    if withPoint { output.reply(hit.point) }
  }
}
