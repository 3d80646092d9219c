//! REST, SSE, OpenAPI and the embedded page.
