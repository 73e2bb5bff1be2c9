use lambda_runtime::Diagnostic;

/// Why an invocation failed. The type is stable: alarms filter on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is not one API Gateway sends.
    #[error("the event cannot be read")]
    Event(#[from] serde_json::Error),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self { error_type: "WsConnect.Event".to_owned(), error_message: error.to_string() }
    }
}
