import Foundation
import Testing

@testable import SluiceRouting

/// `bucketing_vectors.json`: what flagd's own tests, in Go, Java and JavaScript, expect, and ten Redis keys
/// derived from the same rule.
@Suite struct BucketingVectorTests {
  struct Vector: Decodable {
    let system: String
    let input: Input
    let expected: Expected

    // The names of the properties are those of the file.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Input: Decodable {
      var bytes_utf8: String?
      var hash_input: String?
      var hash_u32: UInt32?
      var distribution: [Entry]?
      var pct_position: Double?
    }

    struct Entry: Decodable {
      let variant: String
      let weight: Int64

      init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        variant = try values.decode(String.self)
        weight = try values.decode(Int64.self)
      }
    }

    enum Expected: Decodable {
      case hash(UInt32)
      case variant(String?)
      case byPercent([String: String])

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
          self = .variant(nil)
        } else if let hash = try? value.decode(UInt32.self) {
          self = .hash(hash)
        } else if let name = try? value.decode(String.self) {
          self = .variant(name)
        } else {
          self = .byPercent(try value.decode([String: String].self))
        }
      }
    }
  }

  static let proxy = "proxy-derived (flagd-v2, flagKey 'cache-stack', [new,p],[legacy,100-p])"

  @Test func everyVectorHolds() throws {
    let url = try #require(Bundle.module.url(forResource: "bucketing_vectors", withExtension: "json"))
    let vectors = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: url))
    var checked: [String: Int] = [:]
    for vector in vectors {
      checked[vector.system, default: 0] += 1
      switch vector.system {
      case "murmur3_x86_32": try checkHash(vector)
      case "flagd-fractional-v2": try checkFractional(vector)
      case Self.proxy: try checkProxy(vector)
      // Every system of the file is implemented; a new one has to be looked at.
      default: Issue.record("unknown system \(vector.system)")
      }
    }
    #expect(checked == ["murmur3_x86_32": 10, "flagd-fractional-v2": 62, Self.proxy: 10])
  }

  private func checkHash(_ vector: Vector) throws {
    let bytes = Array(try #require(vector.input.bytes_utf8).utf8)
    guard case .hash(let expected) = vector.expected else {
      Issue.record("a hash must be expected: \(vector)")
      return
    }
    for cut in 0...bytes.count {
      let hash = BucketHash(prefix: Array(bytes[..<cut])).hash(of: Array(bytes[cut...]))
      #expect(hash == expected, "\(bytes) with a prefix of \(cut)")
    }
  }

  /// Any number of entries, by adding up: entry i is chosen iff the hash is in the share of entries 0 to i,
  /// but not in that of the ones before.
  private func checkFractional(_ vector: Vector) throws {
    let input = Array(try #require(vector.input.hash_input).utf8)
    let hash = BucketHash(prefix: []).hash(of: input)
    #expect(hash == vector.input.hash_u32)
    guard case .variant(let expected) = vector.expected else {
      Issue.record("a variant must be expected: \(vector)")
      return
    }
    // flagd makes a negative weight 0 when it evaluates; the loader refuses such a file before it comes to
    // that.
    let entries = try #require(vector.input.distribution).map { ($0.variant, UInt64(max(0, $0.weight))) }
    let total = entries.reduce(0) { $0 + $1.1 }
    var sum: UInt64 = 0
    var chosen: String?
    for (variant, weight) in entries {
      sum += weight
      guard let share = Share(weight: sum, rest: total - sum) else { break }
      if share.contains(hash) {
        chosen = variant
        break
      }
    }
    #expect(chosen == expected, "\(vector)")
  }

  /// These hash whole keys, braces included (`cart:{42}:items`): the bucket of the bytes, before the
  /// hash-tag rule.
  private func checkProxy(_ vector: Vector) throws {
    let input = try #require(vector.input.hash_input)
    #expect(input.hasPrefix("cache-stack"))
    let key = Array(input.utf8.dropFirst("cache-stack".utf8.count))
    let hash = BucketHash(prefix: Array("cache-stack".utf8)).hash(of: key)
    #expect(hash == vector.input.hash_u32)
    let explanation = Explanation(bucket: hash, variant: .new, primary: .new, reason: .fractional)
    #expect(abs(explanation.position - (try #require(vector.input.pct_position))) < 0.000_001)
    guard case .byPercent(let expected) = vector.expected else {
      Issue.record("stacks by percentage must be expected: \(vector)")
      return
    }
    for (text, stack) in expected {
      let percent = try #require(UInt64(text))
      let share = try #require(Share(weight: percent, rest: 100 - percent))
      #expect((share.contains(hash) ? "new" : "legacy") == stack, "\(input) at \(text) %")
      // A cohort also applies the hash-tag rule, and keeps the empty key on legacy.
      if !key.isEmpty, targetingKey(of: key) == 0..<key.count {
        let cohort = Cohort(Bucketing(hash: BucketHash(prefix: Array("cache-stack".utf8)), share: share))
        #expect(cohort.contains(key) == (stack == "new"))
        #expect(cohort.explain(key).bucket == hash)
      }
    }
  }
}
