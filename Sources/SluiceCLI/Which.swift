import ArgumentParser
import SluiceConfiguration
import SluiceRedisClient

/// `sluice which KEY…`.
struct Which: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which stack answers for a key, and why.",
    discussion: """
      The bucket is a hash of the key (of its {hash tag}, if it has one); its position is where the bucket
      stands between 0 and 100 %: a key is in the cohort of the new stack while its
      position is below the percentage.

      Example:
        sluice which user:1 user:2 '{cart}:7'
      """)

  @Argument(help: "One key or more.")
  var keys: [String]

  @OptionGroup var options: ControlOptions

  func validate() throws {
    if keys.isEmpty { throw ValidationError("name at least one key; write: sluice which user:1") }
  }

  func run() throws {
    let client = try options.client()
    guard case .array(let lines) = try client.call(["WHICH"] + keys) else {
      throw Failure(
        .software, "\(client.address) answered WHICH with something unknown; is it a Sluice control port?")
    }
    Output.line(Self.table(lines.compactMap(\.text)).text())
  }

  /// The table of lines such as `key=user:1 bucket=0x1234abcd position=12.345% variant=new primary=new
  /// why=fractional`.
  static func table(_ lines: [String]) -> TextTable {
    let columns = ["key", "bucket", "position", "variant", "primary", "why"]
    var table = TextTable(
      columns: ["key", "answered by", "on new above", "bucket", "why"], numeric: ["on new above"])
    for line in lines {
      var fields = fields(of: line, names: columns)
      fields["key"] = fields["key"].map { TerminalText.key($0.utf8) }
      // What the flags say, where something else is in force.
      if let variant = fields["variant"], let primary = fields["primary"], variant != primary {
        fields["why"] = "\(fields["why"] ?? "-"); the flags say \(variant)"
      }
      table.rows.append(["key", "primary", "position", "bucket", "why"].map { fields[$0] ?? "-" })
    }
    return table
  }

  /// Reads from the right, because a key may hold blanks and `=`; what follows `why=` is one sentence.
  private static func fields(of line: String, names: [String]) -> [String: String] {
    var fields: [String: String] = [:]
    var rest = Substring(line)
    for name in names.reversed() {
      let mark = name == names.first ? "\(name)=" : " \(name)="
      guard let range = name == names.first ? rest.firstRange(of: mark) : lastRange(of: mark, in: rest) else {
        continue
      }
      fields[name] = String(rest[range.upperBound...])
      rest = rest[..<range.lowerBound]
    }
    return fields
  }

  private static func lastRange(of mark: String, in text: Substring) -> Range<Substring.Index>? {
    text.ranges(of: mark).last
  }
}
