/// Why the proxy does not carry a command: never a wrong answer, always one sentence that says what to do
/// instead (design, law 8).
///
/// Its raw value is the reason under which it is counted.
public enum Refusal: String, Sendable, BitwiseCopyable, Equatable, CaseIterable {
  case transaction, pubsub, blocking, script, function
  case replication, persistence, administration, configuration
  case accessControl = "access_control"
  case cluster, module, monitor, debugging
  case database, migrate
  case select
  case behindSelect = "behind_select"
  case sortPattern = "sort_pattern"
  case scriptWithoutKeys = "script_without_keys"
  case tracking, resp3, help
  case unknownKeys = "unknown_keys"
  case hiddenCommands = "hidden_commands"

  /// The error's text without the leading `-` and without CRLF. It begins with an error word: `ERR`, or
  /// `NOPROTO` where a client looks for it (https://redis.io/docs/latest/commands/hello/).
  public var message: String {
    switch self {
    case .transaction:
      "ERR sluice: this transaction is not carried (WATCH, commands without keys, stacks in memory or with layers); "
        + "use a plain pipeline (transaction=False, pipelined), or the stack itself"
    case .pubsub:
      "ERR sluice: publish/subscribe is not carried; connect to the stack itself for it"
    case .blocking:
      "ERR sluice: commands that block are not carried; poll with the form that does not block "
        + "(LPOP, RPOP, LMOVE, LMPOP, ZPOPMIN, ZPOPMAX, ZMPOP, XREAD without BLOCK)"
    case .script:
      "ERR sluice: SCRIPT KILL and SCRIPT DEBUG are not carried; run them against the stack itself"
    case .function:
      "ERR sluice: FUNCTION KILL is not carried; run it against the stack itself"
    case .scriptWithoutKeys:
      "ERR sluice: a script that declares no key runs read-only, by itself, on servers from 7.0 on, and not while keys are on both stacks; "
        + "name its keys (EVAL body 1 key)"
    case .replication:
      "ERR sluice: replication belongs to each stack; send this command to the stack itself"
    case .persistence:
      "ERR sluice: saving to disk belongs to each stack; send this command to the stack itself"
    case .administration:
      "ERR sluice: a server is not administered through the proxy; send this command to the stack itself"
    case .configuration:
      "ERR sluice: a server's configuration is not changed through the proxy; "
        + "send this command to the stack itself"
    case .accessControl:
      "ERR sluice: users are in the proxy's configuration (users: in sluice.yaml, read again by sluice reload) and are not changed by "
        + "a client; who was refused what is in sluice status"
    case .cluster:
      "ERR sluice: the proxy is not a cluster node; use it as a single server, "
        + "or send this command to the stack itself"
    case .module:
      "ERR sluice: modules are not managed through the proxy; send this command to the stack itself"
    case .monitor:
      "ERR sluice: MONITOR is not carried; run it against the stack itself"
    case .debugging:
      "ERR sluice: debugging commands are not carried; run them against the stack itself"
    case .database:
      "ERR sluice: the proxy serves one database, keys cannot move to another; "
        + "run this against the stack itself"
    case .select:
      "ERR sluice: only database 0 can be selected; set db=0 in the client, and the database of each stack in "
        + "its address (redis://host:port/3); until SELECT 0 nothing is carried out here"
    case .behindSelect:
      "ERR sluice: not carried out, for it was meant for the database that SELECT was refused; "
        + "set db=0 in the client, or say SELECT 0"
    case .migrate:
      "ERR sluice: MIGRATE would move keys behind the proxy's back; run it against the stack itself"
    case .sortPattern:
      "ERR sluice: SORT with a BY or GET pattern reads keys that it does not name; "
        + "sort in the client, or run it against the stack itself"
    case .tracking:
      "ERR sluice: client-side caching (CLIENT TRACKING) is not carried; connect to the stack itself for it"
    case .resp3:
      "NOPROTO unsupported protocol version (sluice: a stack does not speak RESP3; set RESP2 in the client: protocol=2, protocol: 2, RESP: 2)"
    case .unknownKeys:
      "ERR sluice: which keys this command touches neither the server nor Sluice can tell; "
        + "send it to the stack itself"
    case .hiddenCommands:
      "ERR sluice: nobody can tell the keys of this command, for a stack hides its commands; "
        + "let the proxy's user say COMMAND on both stacks, or send it to the stack itself"
    case .help:
      "ERR sluice: HELP texts are not kept here; ask the stack itself"
    }
  }
}
