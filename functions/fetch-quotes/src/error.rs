use lambda_runtime::Diagnostic;
use quickstocks_core::fetch::FetchError;
use quickstocks_core::ports::StoreError;

/// Why an invocation failed. The type of each is stable: alarms filter on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is not one this function knows.
    #[error("the event cannot be read")]
    Event(#[from] serde_json::Error),
    /// A tick failed.
    #[error("the tick failed")]
    Tick(#[from] FetchError),
    /// The sweep failed; the next run goes on with it.
    #[error("the sweep failed")]
    Sweep(#[source] StoreError),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::Event(_) => "FetchQuotes.Event",
            Error::Tick(FetchError::Store(_)) => "FetchQuotes.Store",
            Error::Tick(FetchError::Publish(_)) => "FetchQuotes.Publish",
            Error::Sweep(_) => "FetchQuotes.Sweep",
        };
        // The cause is in the log, where it was met; the answer of a function may be kept where logs are not read.
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
