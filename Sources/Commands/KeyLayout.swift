/// Where the keys of a command stand among its arguments. Positions count from the name, which is 0.
public enum KeyLayout: Sendable, BitwiseCopyable, Equatable {
  case none

  /// Every `step`-th argument from `first` to `last`; a negative `last` counts from the end (-1 is the
  /// last).
  case range(first: Int, last: Int, step: Int)

  /// `numkeys` stands at `countAt` and that many keys from `firstKey` on: `SINTERCARD numkeys key …`.
  /// `destination` is one more key, before them: `ZUNIONSTORE destination numkeys key …`.
  case counted(countAt: Int, firstKey: Int, destination: Int?)

  /// `SORT key [BY pattern] [LIMIT offset count] [GET pattern …] … [STORE destination]`
  /// (https://redis.io/docs/latest/commands/sort/).
  case sortStore

  /// `GEORADIUS` and `GEORADIUSBYMEMBER`: key 1, and what follows `STORE` or `STOREDIST`
  /// (https://redis.io/docs/latest/commands/georadius/).
  case geoStore

  /// `XREAD` and `XREADGROUP`: the first half of what follows `STREAMS`
  /// (https://redis.io/docs/latest/commands/xread/).
  case streams

  /// As a server tells, where nothing above says it.
  case specs(KeySpecs)

  /// `MIGRATE host port key|"" db timeout … [KEYS key …]`
  /// (https://redis.io/docs/latest/commands/migrate/).
  case migrate
}
