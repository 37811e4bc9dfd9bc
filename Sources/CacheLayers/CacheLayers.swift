/// What can stand between a stack and its endpoint.
