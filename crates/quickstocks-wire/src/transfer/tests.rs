use proptest::prelude::*;

use super::*;

fn list(name: &str, entries: &[(&str, Option<&str>)]) -> PortableList {
    let entry = |(symbol, note): &(&str, Option<&str>)| PortableEntry {
        symbol: Symbol::parse(symbol).unwrap(),
        note: note.map(ToOwned::to_owned),
    };
    PortableList { name: Some(name.to_owned()), entries: entries.iter().map(entry).collect() }
}

fn unnamed(entries: &[(&str, Option<&str>)]) -> PortableList {
    PortableList { name: None, ..list("", entries) }
}

#[test]
fn each_form_is_known_by_its_content() {
    let apple = &[("AAPL", None), ("^GSPC", Some("the yardstick"))];
    for (text, kind, lists) in [
        (
            r#"{"format":"quickstocks.watchlists","version":1,"watchlists":[{"name":"A","symbols":[{"symbol":"aapl"},{"symbol":"^GSPC","note":"the yardstick"}]}]}"#,
            FileKind::Json,
            vec![list("A", apple)],
        ),
        ("Watchlist,Symbol,Note\nA,AAPL,\nA,^GSPC,the yardstick\nB,,\n", FileKind::Csv, vec![list("A", apple), list("B", &[])]),
        ("\u{feff}symbol;note\nAAPL;\n^GSPC;the yardstick\n", FileKind::Portfolio, vec![unnamed(apple)]),
        (
            // The head that Yahoo Finance writes; a symbol held in two lots has two rows.
            "Symbol,Current Price,Date,Time,Change,Open,High,Low,Volume,Trade Date,Purchase Price,Quantity,Commission,High Limit,Low Limit,Comment\r\n\
             AAPL,1,2026/11/20,16:00 EST,,,,,,20200102,74.1,3,,,,\r\n\"^GSPC\",2,,,,,,,,,,,,,,the yardstick\r\n",
            FileKind::Portfolio,
            vec![unnamed(apple)],
        ),
        (
            "AAPL, ^GSPC # two\n\n; BTC-USD",
            FileKind::Symbols,
            vec![unnamed(&[("AAPL", None), ("^GSPC", None), ("BTC-USD", None)])],
        ),
    ] {
        let file = read(text.as_bytes()).unwrap();
        assert_eq!((file.kind, file.lists, file.rejected), (kind, lists, vec![]), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_line_and_the_rest_is_kept() {
    let file = read(b"Symbol,Comment\nAAPL,\nnot a symbol,\nMSFT,\naapl,second lot\n,,\n").unwrap();
    assert_eq!(file.lists, [unnamed(&[("AAPL", None), ("MSFT", None)])]);
    let rejected: Vec<_> = file.rejected.iter().map(|one| (one.line, one.text.as_str(), one.reason)).collect();
    assert_eq!(rejected, [(3, "not a symbol", Rejection::SymbolInvalid), (5, "aapl", Rejection::SymbolDuplicate)]);
}

#[test]
fn lists_and_symbols_beyond_the_limits_are_rejected() {
    let symbols: Vec<String> = (0..202).map(|n| format!("S{n}")).collect();
    let file = read(symbols.join(" ").as_bytes()).unwrap();
    assert_eq!((file.lists[0].entries.len(), file.rejected.len()), (200, 2));
    assert_eq!(file.rejected[0].reason, Rejection::TooManySymbols);

    let rows: Vec<String> = (0..22).map(|n| format!("L{n},AAPL\n")).collect();
    let file = read(format!("Watchlist,Symbol\n{}", rows.concat()).as_bytes()).unwrap();
    assert_eq!((file.lists.len(), file.rejected.len()), (20, 2));
    assert_eq!(file.rejected[0].reason, Rejection::TooManyLists);
}

#[test]
fn files_without_lists_are_refused_with_why() {
    for (bytes, says) in [
        (&b""[..], "empty"),
        (b" \n\t", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"{\"watchlists\": []}", "format"),
        (b"{\"format\": \"quickstocks.watchlists\", \"version\": 2, \"watchlists\": 7}", "version 2"),
        (b"{\"format\": \"quickstocks.watchlists\", \"version\": 1, \"watchlists\": [{}]}", "watchlists[0]"),
        (b"[1, 2", "JSON"),
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_spreadsheet_finds_no_formula() {
    let csv = write_csv(&[list("=1+1", &[("AAPL", Some("@SUM(A1)")), ("MSFT", Some("'quoted'"))])]);
    assert_eq!(csv, "Watchlist,Symbol,Note\r\n'=1+1,AAPL,'@SUM(A1)\r\n'=1+1,MSFT,''quoted'\r\n");
}

/// Names and notes as the domain lets them be: trimmed, without control characters but line feeds in notes.
fn text(pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_map(|text| text.trim().to_owned()).prop_filter("not empty", |text| !text.is_empty())
}

prop_compose! {
    fn lists()(names in prop::collection::hash_set(text("[=+@'\",;#a-zé ]{1,12}"), 0..5))
        (lists in names.into_iter().map(|name| {
            let symbols = prop::collection::hash_set("[A-Z^][A-Z0-9.=^-]{0,8}", 0..8);
            let entries = symbols.prop_flat_map(|symbols| symbols.into_iter().map(|symbol| {
                let note = prop::option::of(text("[-=+@'\",;\\n#a-z\u{20ac} ]{1,20}"));
                note.prop_map(move |note| PortableEntry { symbol: Symbol::parse(&symbol).unwrap(), note })
            }).collect::<Vec<_>>());
            (Just(name), entries).prop_map(|(name, entries)| PortableList { name: Some(name), entries })
        }).collect::<Vec<_>>()) -> Vec<PortableList> { lists }
}

proptest! {
    #[test]
    fn what_was_written_reads_back_the_same(lists in lists()) {
        for text in [write_json(&lists), write_csv(&lists)] {
            let file = read(text.as_bytes()).unwrap();
            prop_assert_eq!(&file.lists, &lists, "{}", text);
            prop_assert_eq!(file.rejected, vec![]);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), head in prop::sample::select(vec!["", "Symbol\n", "{", "Watchlist;Symbol\n"])) {
        let mut file = head.as_bytes().to_vec();
        file.extend(bytes);
        drop(read(&file));
    }
}
