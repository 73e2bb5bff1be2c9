use axum::Json;
use axum::extract::State;
use quickstocks_core::model::{INBOX_COUNTED, NotificationId};
use quickstocks_core::notify::Reading;
use quickstocks_wire::rest::{NotificationsBody, Problem, ReadInput, UnreadBody};
use quickstocks_wire::ws::NoticeView;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Body, Caller, Query};
use crate::state::AppState;

/// How many notifications are told at once unless somebody says otherwise.
const USUAL_LIMIT: usize = 30;

/// How long the text of an id is.
const ID_LENGTH: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    before: Option<String>,
    limit: Option<usize>,
}

/// What happened to your alerts, the newest first; kept for 90 days.
#[utoipa::path(get, path = "/api/v1/notifications", tag = "notifications", security(("session" = []), ("token" = [])),
    params(("before" = Option<String>, Query, description = "what `next` said: those that follow", example = "019abf1c2d3e0123456789abcdef0123"),
        ("limit" = Option<usize>, Query, description = "how many at the most: 1 to 100, 30 unless said otherwise", example = 30)),
    responses((status = 200, body = NotificationsBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn list(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Query(paging): Query<Paging>,
) -> Result<Json<NotificationsBody>, ApiError> {
    let limit = paging.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=INBOX_COUNTED).contains(&limit) {
        return Err(ApiError::invalid("limit_invalid", "limit", format!("the limit is 1 to {INBOX_COUNTED}")));
    }
    let before = paging.before.map(|text| id(&text, "before")).transpose()?;
    let page = deps.inbox.page(&user, before.as_ref(), limit).await?;
    let unread = deps.inbox.unread(&user).await?;
    let notifications = page.notifications.iter().map(NoticeView::of).collect();
    Ok(Json(NotificationsBody { notifications, unread, next: page.next }))
}

/// Notes what you read, for all your devices.
#[utoipa::path(post, path = "/api/v1/notifications/read", tag = "notifications", security(("session" = []), ("token" = [])),
    request_body = ReadInput, responses((status = 200, body = UnreadBody), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub(crate) async fn read(
    State(deps): State<AppState>,
    Caller(user): Caller,
    Body(input): Body<ReadInput>,
) -> Result<Json<UnreadBody>, ApiError> {
    let reading = match (input.ids, input.all) {
        (None, Some(true)) => Reading::All,
        (Some(ids), None | Some(false)) if ids.len() <= INBOX_COUNTED => {
            let ids = ids.iter().enumerate().map(|(at, text)| id(text, &format!("ids[{at}]")));
            Reading::These(ids.collect::<Result<_, _>>()?)
        }
        (Some(_), None | Some(false)) => {
            let detail = format!("at most {INBOX_COUNTED} are noted at once; `all` notes all");
            return Err(ApiError::invalid("ids_invalid", "ids", detail));
        }
        _ => return Err(ApiError::invalid("ids_invalid", "ids", "either ids are named, or `all` is true")),
    };
    Ok(Json(UnreadBody { unread: deps.inbox.read(&user, reading).await? }))
}

fn id(text: &str, field: &str) -> Result<NotificationId, ApiError> {
    let fits = text.len() == ID_LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let detail = "this is no id of a notification, which has 32 hex digits";
    if fits { Ok(NotificationId::new(text)) } else { Err(ApiError::invalid("ids_invalid", field, detail)) }
}
