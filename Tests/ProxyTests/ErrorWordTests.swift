import Testing

@testable import SluiceCore

@Suite struct ErrorWordTests {
  private func isTrouble(_ reply: String, ofScript: Bool = false) -> Bool {
    ErrorWord(of: Array(reply.utf8).span).isTrouble(ofScript: ofScript)
  }

  @Test(arguments: [
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n", "-LOADING Redis is loading\r\n",
    "-READONLY You can't write against a read only replica.\r\n", "-NOPERM No permissions\r\n",
    "-MISCONF Redis is configured to save\r\n", "-CLUSTERDOWN Hash slot not served\r\n", "-BUSY\r\n",
    "-MOVED 3999 127.0.0.1:6381\r\n", "-MASTERDOWN Link with MASTER is down\r\n", "-NOREPLICAS x\r\n",
  ])
  func aStackThatSpeaksOfItselfIsInTrouble(reply: String) {
    #expect(isTrouble(reply) && isTrouble(reply, ofScript: true))
  }

  @Test(arguments: [
    "-ERR value is not an integer or out of range\r\n", "-WRONGTYPE Operation against a key\r\n",
    "-NOSCRIPT No matching script.\r\n", "-EXECABORT Transaction discarded\r\n", "-BUSYGROUP x\r\n",
    "-BUSYKEY Target key name already exists.\r\n", "-NOGROUP No such key\r\n", "-ERR\r\n",
  ])
  func whatIsAboutTheCommandIsTheClients(reply: String) {
    #expect(!isTrouble(reply))
  }

  @Test(arguments: [
    "-upstream failure\r\n", "-ERRX x\r\n", "-\r\n", "-", "", "- ERR\r\n", "-err x\r\n",
    "-AWORDTHATISLONGERTHANANYOFREDIS x\r\n",
  ])
  func unknownWordsCountUnlessAScriptMadeThemUp(reply: String) {
    #expect(isTrouble(reply) && !isTrouble(reply, ofScript: true))
  }
}
