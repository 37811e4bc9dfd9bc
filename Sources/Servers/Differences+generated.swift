// Written by scripts/differences from the answers of Redis 6.2, Redis 7.0, Redis 8.2, Valkey 9.1. Do not edit: run the script.
// A row: a command, the words of an error, who says them, and who answers instead. Above it the read that showed it.

extension ServerDifference {
  static let measured: [ServerDifference] = [
    // BITCOUNT s 0
    ServerDifference("BITCOUNT", "ERR syntax error", [.redis62, .redis70, .redis82], others: [.valkey91]),
    // BITCOUNT nokey 0
    ServerDifference("BITCOUNT", "ERR syntax error", [.redis82], others: [.redis62, .redis70, .valkey91]),
    // BITCOUNT s 0 -1 BIT
    ServerDifference("BITCOUNT", "ERR syntax error", [.redis62], others: [.redis70, .redis82, .valkey91]),
    // BITPOS bits 1 0 -1 BIT
    ServerDifference("BITPOS", "ERR syntax error", [.redis62], others: [.redis70, .redis82, .valkey91]),
    // HSCAN h 0 NOVALUES
    ServerDifference("HSCAN", "ERR syntax error", [.redis62, .redis70], others: [.redis82, .valkey91]),
    // LPOS l 3 RANK -9223372036854775808
    ServerDifference(
      "LPOS", "ERR value is out of range, value must between -9223372036854", [.redis82, .valkey91],
      others: [.redis62, .redis70]),
    // XREAD STREAMS x +
    ServerDifference(
      "XREAD", "ERR Invalid stream ID specified as stream command argument", [.redis62, .redis70],
      others: [.redis82, .valkey91]),
    // ZCOUNT z 1 0x3
    ServerDifference(
      "ZCOUNT", "ERR min or max is not a float", [.redis82, .valkey91], others: [.redis62, .redis70]),
    // ZRANGE z 0x1 0x3 BYSCORE
    ServerDifference(
      "ZRANGE", "ERR min or max is not a float", [.redis82, .valkey91], others: [.redis62, .redis70]),
    // ZRANGEBYSCORE z 0x1 0x3
    ServerDifference(
      "ZRANGEBYSCORE", "ERR min or max is not a float", [.redis82, .valkey91], others: [.redis62, .redis70]),
    // ZRANK z b WITHSCORE
    ServerDifference(
      "ZRANK", "ERR wrong number of arguments for", [.redis62, .redis70], others: [.redis82, .valkey91]),
    // ZREVRANGEBYSCORE z 0x3 0x1
    ServerDifference(
      "ZREVRANGEBYSCORE", "ERR min or max is not a float", [.redis82, .valkey91],
      others: [.redis62, .redis70]),
    // ZREVRANK z b WITHSCORE
    ServerDifference(
      "ZREVRANK", "ERR wrong number of arguments for", [.redis62, .redis70], others: [.redis82, .valkey91]),
  ]
}
