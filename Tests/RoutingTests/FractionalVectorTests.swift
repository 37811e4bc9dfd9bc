import Foundation
import Testing

@testable import SluiceRouting

/// `fractional_vectors.json`, made by both generations of flagd's own engine for Python; `fractional_vectors.py` says how.
@Suite struct FractionalVectorTests {
  // The names of the properties are those of the file.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct Vector: Decodable {
    struct Key: Decodable {
      var text: String?
      var letter: String?
      var count: Int?
    }

    var hash: String
    var key: Key
    var bucketing: String
    var new_at: [Int]
  }

  @Test("Every key is where flagd has it, in both generations, by default, by the key alone and by a salt")
  func everyVectorHolds() throws {
    let url = try #require(Bundle.module.url(forResource: "fractional_vectors", withExtension: "json"))
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    var checked: [String: Int] = [:]
    for line in lines {
      let vector = try JSONDecoder().decode(Vector.self, from: Data(line.utf8))
      let key = vector.key.text ?? String(repeating: vector.key.letter ?? "", count: vector.key.count ?? 0)
      let (flagKey, salt) = (Array("cache-stack".utf8), Array("salt-2".utf8))
      let hash: BucketHash =
        switch (vector.hash, vector.bucketing) {
        case ("v2", "default"): BucketHash(prefix: flagKey)
        case ("v2", "salt"): BucketHash(prefix: salt)
        case ("v2", _): BucketHash(prefix: [])
        case (_, "default"): BucketHash(listOf: flagKey)
        case (_, "salt"): BucketHash(textFrom: salt)
        default: BucketHash(textFrom: [])
        }
      let bucket = hash.hash(of: Array(key.utf8).span)
      let news = [1, 10, 25, 33, 50, 75, 99].filter { percent in
        Share(weight: UInt64(percent), rest: UInt64(100 - percent))?.contains(bucket) == true
      }
      #expect(news == vector.new_at, "\(line.prefix(200))")
      checked["\(vector.hash) \(vector.bucketing)", default: 0] += 1
    }
    #expect(checked.count == 6 && checked.values.allSatisfy { $0 == 60 })
  }
}
