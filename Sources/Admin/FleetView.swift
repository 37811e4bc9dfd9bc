/// The proxies of one service beside each other, and in what they are not one.
public struct FleetView: Sendable, Equatable {
  public struct Member: Sendable, Equatable {
    /// As the file of the fleet calls it.
    public var name: String
    /// Nil if it did not answer.
    public var place: FleetPlace?
    /// Why it did not.
    public var failure: String?
    /// In what it is not where most are. Where no place has most of them, nobody can say who is right, and all drift.
    public internal(set) var drifts: Set<FleetColumn> = []
  }

  public private(set) var members: [Member]
  /// What is not as it should be, as people read it: each drift, and then who did not answer.
  public private(set) var notes: [String] = []
  /// Whether all have answered, and are in the same place.
  public var isOne: Bool { notes.isEmpty }

  public init(_ members: [Member]) {
    self.members = members
    let answers = members.compactMap { member in member.place.map { (name: member.name, place: $0) } }
    for column in FleetColumn.allCases {
      let values = Dictionary(grouping: answers) { $0.place[column] }
      guard values.count > 1 else { continue }
      let ranked = values.sorted { ($0.value.count, $1.key) > ($1.value.count, $0.key) }
      let parts = ranked.map { "\($0.key) (\($0.value.map(\.name).joined(separator: ", ")))" }
      notes.append("DRIFT of \(column.rawValue): \(parts.joined(separator: "; "))")
      let usual = ranked.first { $0.value.count * 2 > answers.count }?.key
      for index in self.members.indices {
        guard let place = self.members[index].place, place[column] != usual else { continue }
        self.members[index].drifts.insert(column)
      }
    }
    notes += members.compactMap { member in member.failure.map { "\(member.name): \($0)" } }
  }
}

extension FleetView.Member {
  public init(_ name: String, _ place: FleetPlace) { self.init(name: name, place: place) }

  public init(_ name: String, failure: String) { self.init(name: name, failure: failure) }
}
