import Crypto
import Foundation
import SluicePage
import Testing

@testable import SluiceAdmin

@Suite struct AdminPageTests {
  @Test("its policy allows its own script and style, this door, and nothing else")
  func policy() throws {
    let page = AdminPage()
    for element in ["script", "style"] {
      let start = try #require(PageText.html.range(of: "<\(element)>"))
      let end = try #require(PageText.html.range(of: "</\(element)>"))
      let inside = Data(PageText.html[start.upperBound..<end.lowerBound].utf8)
      let hash = Data(SHA256.hash(data: inside)).base64EncodedString()
      #expect(page.policy.contains("\(element)-src 'sha256-\(hash)'"))
      #expect(inside.count > 1000)
    }
    for word in [
      "default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'",
      "connect-src 'self'",
    ] {
      #expect(page.policy.contains(word))
    }
    #expect(!page.policy.contains("unsafe"))
  }

  @Test("it is one file: nothing is loaded from elsewhere, and nothing is ever put in as HTML")
  func whole() {
    let html = PageText.html
    for word in [
      "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "setHTML",
      "<link rel=\"stylesheet", "@import", "<script src", "cookie", "localStorage", "/*style*/", "/*script*/",
    ] {
      #expect(!html.contains(word), "\(word)")
    }
    // The namespace of SVG is a name, and leads nowhere.
    let places = html.replacing("http://www.w3.org/2000/svg", with: "")
    #expect(!places.contains("http:") && !places.contains("https:"))
  }

  @Test("what the table says without JavaScript is text")
  func table() {
    let html = AdminPage("a<!--table-->b<style>c</style><script>d</script>").html([
      ("<img src=x>", "\"'&\u{1b}</td>")
    ])
    #expect(
      html.hasPrefix(
        "a<tr><th scope=\"row\">&lt;img src=x&gt;</th><td>&quot;&#39;&amp;\u{fffd}&lt;/td&gt;</td></tr>b"))
  }
}
