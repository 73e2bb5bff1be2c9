use quickstocks_core::live::{MAX_CLIENT_FRAME_BYTES, Refusal, RefusalCode, Request};
use quickstocks_core::model::{MAX_WATCHED, Symbol, TickNumber};
use serde::Deserialize;

#[derive(Deserialize)]
struct Frame {
    action: Option<String>,
    since: Option<TickNumber>,
    symbols: Option<Vec<String>>,
}

/// Reads a client's frame.
///
/// # Errors
/// A [`Refusal`] to send back.
pub fn parse_request(frame: &str) -> Result<Request, Refusal> {
    if frame.len() > MAX_CLIENT_FRAME_BYTES {
        return Err(refusal(RefusalCode::FrameTooLarge, format!("a frame has at most {MAX_CLIENT_FRAME_BYTES} bytes"), None));
    }
    let mut json = serde_json::Deserializer::from_str(frame);
    let parsed: Frame = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let field = (path != ".").then_some(path);
        let place = field.as_deref().unwrap_or("the frame");
        refusal(RefusalCode::FrameMalformed, format!("{place} cannot be read: {}", error.inner()), field.clone())
    })?;
    json.end().map_err(|error| refusal(RefusalCode::FrameMalformed, format!("the frame cannot be read: {error}"), None))?;
    match parsed.action.as_deref() {
        Some("hello") => Ok(Request::Hello(parsed.since)),
        Some("watch") => Ok(Request::Watch(symbols(parsed.symbols)?)),
        Some("unwatch") => Ok(Request::Unwatch(symbols(parsed.symbols)?)),
        Some("pause") => Ok(Request::Pause),
        Some("resume") => Ok(Request::Resume(parsed.since)),
        Some("ping") => Ok(Request::Ping),
        _ => Err(refusal(
            RefusalCode::UnknownAction,
            "the action is one of hello, watch, unwatch, pause, resume, ping".to_owned(),
            Some("action".to_owned()),
        )),
    }
}

fn symbols(texts: Option<Vec<String>>) -> Result<Vec<Symbol>, Refusal> {
    let texts = texts.ok_or_else(|| {
        refusal(RefusalCode::FrameMalformed, "symbols is missing: a list of symbols".to_owned(), Some("symbols".to_owned()))
    })?;
    if texts.len() > MAX_WATCHED {
        let message = format!("a frame names at most {MAX_WATCHED} symbols");
        return Err(refusal(RefusalCode::TooManySymbols, message, Some("symbols".to_owned())));
    }
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            Symbol::parse(text).map_err(|error| {
                refusal(RefusalCode::SymbolInvalid, format!("symbols[{at}]: {error}"), Some(format!("symbols[{at}]")))
            })
        })
        .collect()
}

fn refusal(code: RefusalCode, message: String, field: Option<String>) -> Refusal {
    Refusal { code, message, field }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(frame: &str, code: RefusalCode, field: Option<&str>) {
        let refusal = parse_request(frame).unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, field), "{frame}: {refusal}");
    }

    #[test]
    fn frames_that_cannot_be_used_are_refused_with_their_field() {
        check("", RefusalCode::FrameMalformed, None);
        check("nonsense", RefusalCode::FrameMalformed, None);
        check("[]", RefusalCode::FrameMalformed, None);
        check("null", RefusalCode::FrameMalformed, None);
        check(r#"{"action":"ping"} x"#, RefusalCode::FrameMalformed, None);
        check(r#"{"action":7}"#, RefusalCode::FrameMalformed, Some("action"));
        check(r#"{"action":"hello","since":"x"}"#, RefusalCode::FrameMalformed, Some("since"));
        check(r#"{"action":"hello","since":-1}"#, RefusalCode::FrameMalformed, Some("since"));
        check(r#"{"action":"watch"}"#, RefusalCode::FrameMalformed, Some("symbols"));
        check(r#"{"action":"watch","symbols":"AAPL"}"#, RefusalCode::FrameMalformed, Some("symbols"));
        check(r#"{"action":"watch","symbols":["AAPL",7]}"#, RefusalCode::FrameMalformed, Some("symbols[1]"));
        check(r#"{"action":"watch","symbols":["AAPL","A\u0000B"]}"#, RefusalCode::SymbolInvalid, Some("symbols[1]"));
        check(r#"{"action":"sell"}"#, RefusalCode::UnknownAction, Some("action"));
        check("{}", RefusalCode::UnknownAction, Some("action"));
        let many = format!(r#"{{"action":"watch","symbols":[{}]}}"#, vec!["\"A\""; MAX_WATCHED + 1].join(","));
        check(&many, RefusalCode::TooManySymbols, Some("symbols"));
        check(&" ".repeat(MAX_CLIENT_FRAME_BYTES + 1), RefusalCode::FrameTooLarge, None);
    }

    #[test]
    fn the_most_a_client_may_ask_fits_a_frame() {
        let symbols = vec![format!("\"{}\"", "A".repeat(32)); MAX_WATCHED].join(",");
        let frame = format!(r#"{{"action":"watch","symbols":[{symbols}]}}"#);
        assert!(matches!(parse_request(&frame), Ok(Request::Watch(symbols)) if symbols.len() == MAX_WATCHED));
    }

    proptest! {
        #[test]
        fn no_frame_panics(frame in ".{0,200}") {
            let _ = parse_request(&frame);
        }
    }
}
