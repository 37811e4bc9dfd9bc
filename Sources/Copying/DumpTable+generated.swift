// Made by scripts/dump-types with real servers: Redis 6.2.5, Redis 7.0.15, Redis 8.2.3, Valkey 9.1.2.

extension DumpTable {
  /// Type bytes of dumps of one stamp that a server of another one holds for the same value.
  static let rows: [Row] = [
    // Redis 6.2.5 to Redis 7.0.15
    Row(from: 9, to: 10, types: [0, 2, 4, 5, 11, 12, 13, 14, 15]),
    // Redis 6.2.5 to Redis 8.2.3
    Row(from: 9, to: 12, types: [0, 2, 4, 5, 11, 12, 13, 14, 15]),
    // Redis 6.2.5 to Valkey 9.1.2
    Row(from: 9, to: 80, types: [0, 2, 4, 5, 11, 12, 13, 14, 15]),
    // Redis 7.0.15 to Redis 6.2.5
    Row(from: 10, to: 9, types: [0, 2, 4, 5, 11]),
    // Redis 7.0.15 to Redis 8.2.3
    Row(from: 10, to: 12, types: [0, 2, 4, 5, 11, 16, 17, 18, 19]),
    // Redis 7.0.15 to Valkey 9.1.2
    Row(from: 10, to: 80, types: [0, 2, 4, 5, 11, 16, 17, 18, 19]),
    // Redis 8.2.3 to Redis 6.2.5
    Row(from: 12, to: 9, types: [0, 2, 4, 5, 11]),
    // Redis 8.2.3 to Redis 7.0.15
    Row(from: 12, to: 10, types: [0, 2, 4, 5, 11, 16, 17, 18]),
    // Redis 8.2.3 to Valkey 9.1.2
    Row(from: 12, to: 80, types: [0, 2, 4, 5, 11, 16, 17, 18, 20, 21]),
    // Valkey 9.1.2 to Redis 6.2.5
    Row(from: 80, to: 9, types: [0, 2, 4, 5, 11]),
    // Valkey 9.1.2 to Redis 7.0.15
    Row(from: 80, to: 10, types: [0, 2, 4, 5, 11, 16, 17, 18]),
    // Valkey 9.1.2 to Redis 8.2.3
    Row(from: 80, to: 12, types: [0, 2, 4, 5, 11, 16, 17, 18, 20, 21]),
  ]
}
