//! Bytes on the wire: SNS ticks, WebSocket frames, REST bodies.
