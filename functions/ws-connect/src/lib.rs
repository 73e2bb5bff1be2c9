//! The WebSocket routes: connect, disconnect and messages.
