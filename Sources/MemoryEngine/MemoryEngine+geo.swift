/// The commands about places.
extension Command {
  static let geo: [Command] = [
    Command("geoadd", -5) { try $0.geoadd($1, &$2) },
    Command("geodist", -4) { try $0.geodist($1, &$2) },
    Command("geohash", -2) { try $0.geohash($1, &$2) },
    Command("geopos", -2) { try $0.geopos($1, &$2) },
    Command("geosearch", -7) { try $0.geosearch($1, GeoSearch(source: 1, options: 2), &$2) },
    Command("geosearchstore", -8) { try $0.geosearch($1, GeoSearch(source: 2, options: 3, target: 1), &$2) },
    Command("georadius", -6) { try $0.georadius($1, byMember: false, canStore: true, &$2) },
    Command("georadius_ro", -6) { try $0.georadius($1, byMember: false, canStore: false, &$2) },
    Command("georadiusbymember", -5) { try $0.georadius($1, byMember: true, canStore: true, &$2) },
    Command("georadiusbymember_ro", -5) { try $0.georadius($1, byMember: true, canStore: false, &$2) },
  ]
}

extension MemoryEngine {
  mutating func geoadd(_ request: Request, _ output: inout [UInt8]) throws {
    var (onlyIfNone, onlyIfThere, countsChanges) = (false, false, false)
    var start = 2
    options: while start < request.count {
      if request.isWord(start, "NX") {
        onlyIfNone = true
      } else if request.isWord(start, "XX") {
        onlyIfThere = true
      } else if request.isWord(start, "CH") {
        countsChanges = true
      } else {
        break options
      }
      start += 1
    }
    guard start < request.count, (request.count - start) % 3 == 0, !onlyIfNone || !onlyIfThere else {
      throw Refusal.syntax
    }
    var scores: [Double] = []
    for index in stride(from: start, to: request.count, by: 3) {
      scores.append(Double(try point(request, index).hash()))
    }
    let found = try find(SortedSetValue.self, request[1])
    try admit(found, request, from: start, each: SortedSetValue.memberCost)
    let set = found.value ?? SortedSetValue()
    var (added, updated) = (0, 0)
    for (number, score) in scores.enumerated() {
      let member = request[start + number * 3 + 2]
      let old = set.score(of: member)
      if old == nil ? onlyIfThere : onlyIfNone { continue }
      if old == nil { added += 1 } else if old != score { updated += 1 }
      set.set(member, score)
    }
    output.reply(integer: Int64(countsChanges ? added + updated : added))
    keep(found, set)
  }

  /// The place at an index, longitude first.
  func point(_ request: Request, _ index: Int) throws -> GeoPoint {
    let (longitude, latitude) = (try request.double(index), try request.double(index + 1))
    guard longitude.magnitude <= GeoPoint.mostLongitude, latitude.magnitude <= GeoPoint.mostLatitude else {
      let pair = [longitude, latitude].map { String(decoding: FloatText.fixed($0, 6), as: UTF8.self) }
      throw Refusal.line("ERR invalid longitude,latitude pair \(pair[0]),\(pair[1])")
    }
    return GeoPoint(longitude: longitude, latitude: latitude)
  }

  mutating func geodist(_ request: Request, _ output: inout [UInt8]) throws {
    guard request.count <= 5 else { throw Refusal.syntax }
    let unit = request.count == 5 ? try GeoUnit.metres(request, 4) : 1
    guard let set = try look(SortedSetValue.self, request[1]), let from = set.score(of: request[2]),
      let to = set.score(of: request[3])
    else { return output.replyNull() }
    let distance = GeoPoint(score: from).distance(to: GeoPoint(score: to))
    output.reply(bulk: FloatText.fixed(distance / unit, 4))
  }

  mutating func geohash(_ request: Request, _ output: inout [UInt8]) throws {
    let set = try look(SortedSetValue.self, request[1])
    output.reply(arrayOf: request.count - 2)
    for index in 2..<max(2, request.count) {
      if let score = set?.score(of: request[index]) {
        output.reply(bulk: GeoPoint(score: score).text)
      } else {
        output.replyNull()
      }
    }
  }

  mutating func geopos(_ request: Request, _ output: inout [UInt8]) throws {
    let set = try look(SortedSetValue.self, request[1])
    output.reply(arrayOf: request.count - 2)
    for index in 2..<max(2, request.count) {
      if let score = set?.score(of: request[index]) {
        output.reply(GeoPoint(score: score))
      } else {
        output.replyNullArray()
      }
    }
  }

  mutating func georadius(
    _ request: Request, byMember: Bool, canStore: Bool, _ output: inout [UInt8]
  ) throws {
    let set = try look(SortedSetValue.self, request[1])
    var search = GeoSearch(source: 1, options: byMember ? 5 : 6)
    if byMember {
      search.center =
        try set.map { try GeoSearch.center($0, request[2]) } ?? GeoPoint(longitude: 0, latitude: 0)
    } else {
      search.center = try point(request, 2)
    }
    // Without a key Redis does not look at the radius from one of its members.
    if !byMember || set != nil { search.unit = try search.radius(request, byMember ? 3 : 4) }
    try search.readOptions(request, set, isRadius: true, canStore: canStore, self)
    try finish(search, set, request, &output)
  }

  mutating func geosearch(_ request: Request, _ search: GeoSearch, _ output: inout [UInt8]) throws {
    let set = try look(SortedSetValue.self, request[search.source])
    var search = search
    try search.readOptions(request, set, isRadius: false, canStore: search.target != nil, self)
    try finish(search, set, request, &output)
  }

  private mutating func finish(
    _ search: GeoSearch, _ set: SortedSetValue?, _ request: Request, _ output: inout [UInt8]
  ) throws {
    let hits = set.map { search.hits($0) } ?? []
    guard let target = search.target else {
      output.reply(arrayOf: hits.count)
      for hit in hits { search.reply(hit, &output) }
      return
    }
    let result = SortedSetValue(packed: false)
    for hit in hits { result.set(hit.member, search.storesDistance ? hit.distance / search.unit : hit.score) }
    output.reply(integer: Int64(result.count))
    try place(result.packIfSmall(), at: request[target])
  }
}

extension [UInt8] {
  mutating func reply(_ point: GeoPoint) {
    reply(arrayOf: 2)
    reply(bulk: FloatText.format(LongDouble(point.longitude)))
    reply(bulk: FloatText.format(LongDouble(point.latitude)))
  }
}
