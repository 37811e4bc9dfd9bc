import Hummingbird

/// `GET`, `PUT` and `DELETE` of `/sessions/:id`; the body is the user's name.
struct SessionController {
  let sessions: SessionStore

  func addRoutes(to group: RouterGroup<some RequestContext>) {
    group.get(":id") { _, context -> String in
      guard let name = await sessions.name(of: try context.parameters.require("id")) else {
        throw HTTPError(.notFound)
      }
      return name
    }
    group.put(":id") { request, context -> HTTPResponse.Status in
      let body = try await request.body.collect(upTo: 1024)
      let isSaved = await sessions.save(String(buffer: body), id: try context.parameters.require("id"))
      return isSaved ? .noContent : .serviceUnavailable
    }
    group.delete(":id") { _, context -> HTTPResponse.Status in
      await sessions.end(try context.parameters.require("id")) ? .noContent : .notFound
    }
  }
}
