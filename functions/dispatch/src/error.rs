use lambda_runtime::Diagnostic;
use quickstocks_core::dispatch::DispatchError;
use quickstocks_core::ports::StoreError;
use quickstocks_wire::sns::DecodeError;

/// Why an invocation failed. The type of each is stable: alarms filter on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is not one SNS sends.
    #[error("the event cannot be read")]
    Event(#[from] serde_json::Error),
    /// A record is none of what the topic carries.
    #[error("the record cannot be read")]
    Record(#[from] DecodeError),
    /// A user's connections could not be told of a list.
    #[error("a list could not be dispatched")]
    List(#[source] StoreError),
    /// The device that something should be pushed to could not be read or written.
    #[error("an order to push could not be fulfilled")]
    Push(#[source] StoreError),
    /// Quotes could not be held against all alerts; the same quotes come again.
    #[error("quotes could not be held against all alerts")]
    Alerts(#[source] StoreError),
    /// What was left of notifications could not be found out.
    #[error("what is left of notifications could not be found out")]
    Reconcile(#[source] StoreError),
    /// Not everybody could be served.
    #[error("the tick could not be dispatched to everybody")]
    Dispatch(#[from] DispatchError),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match &error {
            Error::Event(_) => "Dispatch.Event",
            Error::Record(_) => "Dispatch.Record",
            Error::Alerts(_) => "Dispatch.Alerts",
            Error::Reconcile(_) => "Dispatch.Reconcile",
            Error::List(_) | Error::Push(_) | Error::Dispatch(DispatchError::Store(_)) => "Dispatch.Store",
            Error::Dispatch(DispatchError::HandOn(_)) => "Dispatch.HandOn",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
