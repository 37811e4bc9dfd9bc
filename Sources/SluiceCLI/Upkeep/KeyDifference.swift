/// In what a key differs between the stacks; the words are those of the ledger and of `CHECK`.
enum KeyDifference: String, CaseIterable {
  case missingInNew = "missing_in_new"
  case missingInLegacy = "missing_in_legacy"
  case type, value, ttl
}
