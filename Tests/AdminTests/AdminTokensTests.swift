import SluiceAdmin
import SluicePasswords
import Testing

@Suite struct AdminTokensTests {
  @Test("names, roles and hashes; comments and empty lines say nothing")
  func reads() throws {
    let text = """
      # who may come
      alice operate \(StoredPassword.digest(of: "of alice".utf8))

        oncall   roll-back\t\(StoredPassword.digest(of: "of all".utf8))
      prometheus view \(try StoredPassword.make("slow".utf8))
      """
    let tokens = try AdminTokens(parsing: text)
    #expect(tokens.tokens.map(\.name) == ["alice", "oncall", "prometheus"])
    #expect(tokens.tokens.map(\.role) == [.operate, .rollBack, .view])
    #expect(tokens.quickHolder(of: Array("of all".utf8))?.name == "oncall")
    #expect(tokens.quickHolder(of: Array("of nobody".utf8)) == nil)
    #expect(tokens.quickHolder(of: Array("slow".utf8)) == nil)
    #expect(tokens.slow.map(\.name) == ["prometheus"])
    #expect(tokens.slow.first?.stored.isRight(Array("slow".utf8)) == true)
  }

  @Test("what is wrong is named by its line, and no hash is quoted")
  func refuses() throws {
    let hash = StoredPassword.digest(of: "x".utf8)
    for (text, words) in [
      ("", "has no token"), ("# nothing\n", "has no token"), ("alice operate", "line 1"),
      ("\nalice operate \(hash) more", "line 2"),
      ("alice king \(hash)", "the roles are view, roll-back, operate"),
      ("al:ice view \(hash)", "a token's name"),
      ("\(String(repeating: "a", count: 65)) view \(hash)", "a token's name"),
      ("a view \(hash)\na view \(hash)", "line 2: \"a\" is there twice"), ("a view plain-text", "is no hash"),
      ("a view #abc", "SHA-256"),
    ] {
      do throws(AdminProblem) {
        _ = try AdminTokens(parsing: text)
        Issue.record("\(text) was taken")
      } catch {
        #expect(error.reason.contains(words), "\(error.reason)")
        #expect(!error.reason.contains(hash) && !error.reason.contains("plain-text"))
      }
    }
  }
}
