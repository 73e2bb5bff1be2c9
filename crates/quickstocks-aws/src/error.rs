//! The one place that says what a failed call to AWS means.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use quickstocks_core::ports::StoreError;

/// What a store operation's failure means to its caller. The whole error stays as the source.
pub(crate) fn store_error<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match classify(&error) {
        Class::Throttled => StoreError::Throttled(error.into()),
        Class::Unavailable => StoreError::Unavailable(error.into()),
        Class::Refused => StoreError::Refused(error.into()),
    }
}

/// The result of a conditional write: `None` when its condition did not hold.
pub(crate) fn conditional<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, StoreError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match result {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(store_error(error)),
    }
}

/// What can be done about a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Later, and less.
    Throttled,
    /// Later.
    Unavailable,
    /// Nothing, but to change the settings or the program.
    Refused,
}

pub(crate) fn classify<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Class {
    match error {
        SdkError::ServiceError(context) => classify_answer(error.code(), context.raw().status().as_u16()),
        // The request could not even be built or signed.
        SdkError::ConstructionFailure(_) => Class::Refused,
        // A time-out, no connection, or an answer that is no answer of the service.
        _ => Class::Unavailable,
    }
}

/// `DynamoDB` says almost everything with 400, so the code comes first. The codes: "Error handling with `DynamoDB`" and, for
/// transactions, the documentation of `TransactWriteItems`; SNS: "Common errors" and `Publish`.
fn classify_answer(code: Option<&str>, status: u16) -> Class {
    match code {
        Some(
            "ProvisionedThroughputExceededException"
            | "ProvisionedThroughputExceeded"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "ThrottlingError"
            | "Throttling"
            | "Throttled"
            | "ThrottledException"
            | "TransactionConflictException"
            | "TransactionConflict"
            | "LimitExceededException"
            | "TooManyRequestsException",
        ) => Class::Throttled,
        Some("InternalServerError" | "InternalFailure" | "ServiceUnavailable" | "TransactionInProgressException") => {
            Class::Unavailable
        }
        _ if status == 429 => Class::Throttled,
        // A success that cannot be read: something else than the service answered.
        _ if !(400..500).contains(&status) => Class::Unavailable,
        _ => Class::Refused,
    }
}

/// What a cancelled transaction means, by the codes of its parts: throttled when any part was, else refused. A part that had no
/// share in it has the code `None`.
pub(crate) fn classify_cancellation<'a>(codes: impl IntoIterator<Item = &'a str>) -> Class {
    let classes: Vec<Class> =
        codes.into_iter().filter(|code| *code != "None").map(|code| classify_answer(Some(code), 400)).collect();
    [Class::Refused, Class::Throttled, Class::Unavailable]
        .into_iter()
        .find(|class| classes.contains(class))
        .unwrap_or(Class::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_classified_by_what_can_be_done() {
        for (code, status, expect) in [
            (Some("ProvisionedThroughputExceededException"), 400, Class::Throttled),
            (Some("RequestLimitExceeded"), 400, Class::Throttled),
            (Some("ThrottlingException"), 400, Class::Throttled),
            (Some("TransactionConflictException"), 400, Class::Throttled),
            (Some("Throttled"), 429, Class::Throttled),
            (None, 429, Class::Throttled),
            (Some("InternalServerError"), 500, Class::Unavailable),
            (Some("ServiceUnavailable"), 503, Class::Unavailable),
            (None, 502, Class::Unavailable),
            (None, 200, Class::Unavailable),
            (Some("AccessDeniedException"), 400, Class::Refused),
            (Some("ValidationException"), 400, Class::Refused),
            (Some("ResourceNotFoundException"), 400, Class::Refused),
            (Some("ItemCollectionSizeLimitExceededException"), 400, Class::Refused),
            (Some("AuthorizationError"), 403, Class::Refused),
            (None, 400, Class::Refused),
        ] {
            assert_eq!(classify_answer(code, status), expect, "{code:?} {status}");
        }
    }

    #[test]
    fn a_cancelled_transaction_is_refused_when_any_part_was() {
        for (codes, expect) in [
            (vec!["None", "ConditionalCheckFailed"], Class::Refused),
            (vec!["ThrottlingError", "ConditionalCheckFailed"], Class::Refused),
            (vec!["None", "TransactionConflict", "None"], Class::Throttled),
            (vec!["ProvisionedThroughputExceeded"], Class::Throttled),
            (vec!["ValidationError"], Class::Refused),
            (vec![], Class::Refused),
        ] {
            assert_eq!(classify_cancellation(codes.clone()), expect, "{codes:?}");
        }
    }
}
