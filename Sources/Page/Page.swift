/// The page of the door, embedded. Its style and its script are kept in files of their own and put into the one document that a browser gets.
public enum PageText {
  public static let html: String = {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    let script = text(PackageResources.page_js) + text(PackageResources.page_live_js)
    return text(PackageResources.page_html)
      .replacing("/*style*/", with: text(PackageResources.page_css)).replacing("/*script*/", with: script)
  }()
}
