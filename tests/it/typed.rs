//! Codes, days and releases as people type them, at every door.

use crate::world::World;

/// Returns the lines that begin an answer: code, day and verdict.
fn heads(text: &str) -> Vec<String> {
    let is_head = |line: &&str| !line.starts_with(' ') && line.contains("  on ");
    let short = |line: &str| line.split("  ").take(3).collect::<Vec<_>>().join("  ");
    text.lines().filter(is_head).map(short).collect()
}

#[test]
fn codes_are_read_as_books_and_lists_write_them() {
    let world = World::with_sample();
    let check = |code: &str| {
        let run = world.run(&["check", code, "--on", "2026-03-01"]);
        (heads(&run.stdout), run.exit, run.stderr)
    };
    let header = "C7B  on 2026-03-01  header".to_owned();
    for code in ["C7B.", "C7B.-", "C7B.*", "c7b-", "\"C7B\"", " C7B. "] {
        let (heads, exit, _) = check(code);
        assert_eq!((heads, exit), (vec![header.clone()], 1), "{code:?}");
    }
    let (two, _, _) = check("C7B.-, C7B.1;C7B.00");
    assert_eq!(two.len(), 3);
    // A range means its billable codes, and the headers among them are counted.
    for range in [
        "C7B.0-C7B.1",
        "C7B.0 to C7B.1",
        "C7B.0..C7B.1",
        "C7B.0\u{2013}C7B.1",
    ] {
        let (heads, exit, talk) = check(range);
        assert!(heads.len() > 2 && exit == 0, "{range}: {heads:?}");
        assert!(
            heads.iter().all(|head| head.ends_with("billable")),
            "{heads:?}"
        );
        assert!(talk.contains("billable codes; 1 header left out"), "{talk}");
    }
    let (_, exit, talk) = check("C7B.1-C7B.0");
    assert_eq!(exit, 2);
    assert!(
        talk.contains("hint: write the range as C7B.0-C7B.1"),
        "{talk}"
    );
    // A dash for the dot is no range, and ends no list.
    let (heads, exit, _) = check("M54-505, C7B.1");
    assert_eq!((heads.len(), exit), (2, 1), "{heads:?}");
    // Words beside a code are not taken from it.
    let (heads, exit, _) = check("C7B 00");
    assert_eq!((heads.len(), exit), (1, 1));
    assert!(heads[0].contains("unknown"), "{heads:?}");
    let shown = world.run(&["show", "C7B.-", "--on", "3/1/2026"]);
    assert_eq!(
        heads_of_first_line(&shown.stdout),
        "C7B  on 2026-03-01  header"
    );
    let life = world.run(&["history", "M54.5."]);
    assert!(life.stdout.starts_with("M54.5  ICD-10-CM"), "{life:?}");
    let found = world.run(&["search", "C7B.1, M54.50", "--on", "2026-03-01"]);
    let first = found
        .stdout
        .lines()
        .filter_map(|line| line.split("  ").next());
    assert_eq!(first.take(2).collect::<Vec<_>>(), ["C7B.1", "M54.50"]);
}

fn heads_of_first_line(text: &str) -> String {
    heads(text.lines().next().unwrap_or_default()).join("")
}

#[test]
fn days_and_years_are_read_in_every_form_that_means_one() {
    let world = World::with_sample();
    let on = |text: &str| {
        let run = world.run(&["check", "C7B", "--today", "2026-03-02", "--on", text]);
        heads(&run.stdout).join("")
    };
    for text in [
        "2026-03-01",
        "3/1/2026",
        "03/01/26",
        "Mar 1 2026",
        "1 March 2026",
        "20260301",
        "yesterday",
    ] {
        assert_eq!(on(text), "C7B  on 2026-03-01  header", "{text}");
    }
    assert_eq!(on("today"), "C7B  on 2026-03-02  header");
    // The first day of the newest release of the sample.
    let newest = world.store();
    let newest = newest.timeline(codeyear::model::CodeSet::Icd10Cm).unwrap();
    let newest = newest.periods().last().unwrap().from;
    assert_eq!(on("latest"), format!("C7B  on {newest}  header"));
    let wrong = world.run(&["check", "C7B", "--on", "31/10/2025"]);
    assert_eq!(wrong.exit, 2);
    assert!(wrong.stderr.contains("month first"), "{}", wrong.stderr);
    let year = |text: &str| world.run(&["check", "C7B.1", "--year", text]).stdout;
    assert!(year("2026").contains("from 2025-10-01"));
    for text in ["26", "FY26", "fy 2026"] {
        assert_eq!(year(text), year("2026"), "{text}");
    }
    let audit = |text: &str| {
        let claims = world.write("claims.csv", "dx\nC7B.1\n");
        let claims = claims.display().to_string();
        world
            .run(&["audit", &claims, "--code", "dx", "--on", text])
            .stdout
    };
    assert_eq!(audit("3/1/2026"), audit("2026-03-01"));
}

#[test]
fn releases_are_named_in_one_argument_by_a_day_or_by_what_is_beside_them() {
    let world = World::with_sample();
    let head = |args: &[&str]| {
        let run = world.run(&[&["diff"], args].concat());
        run.stdout.lines().next().unwrap_or(&run.stderr).to_owned()
    };
    let expected = head(&["FY2025-04", "FY2026"]);
    assert!(
        expected.contains("FY2025-04 (2025-04-01) to FY2026"),
        "{expected}"
    );
    for args in [
        &["FY2025-04..FY2026"][..],
        &["FY2026"],
        &["..FY26"],
        &["26"],
        &["3/1/2026"],
        &["2025-09-30", "2025-10-01"],
        &["9/30/2025..10/1/2025"],
    ] {
        assert_eq!(head(args), expected, "{args:?}");
    }
    let too_many = world.run(&["diff", "FY2025..FY2026", "FY2026"]);
    assert_eq!(too_many.exit, 2);
    let nothing_before = world.run(&["diff", "1999-10-01"]);
    assert_eq!(nothing_before.exit, 2);
    let order = |release: &str| world.run(&["export", "order", "--release", release]).stdout;
    assert_eq!(order("3/1/2026"), order("FY2026"));
    assert!(!order("FY26").is_empty());
    // What takes something away is named.
    let refused = world.run(&["remove", "today"]);
    assert_eq!(refused.exit, 2);
    assert!(
        refused.stderr.contains("is not the name of a release"),
        "{refused:?}"
    );
}

#[test]
fn a_command_line_that_went_astray_is_led_back() {
    let world = World::with_sample();
    let [attack, shot] = ["heart attack", "flu shot"].map(codeyear::error::in_quotes);
    for (args, tip) in [
        (
            &["C7B", "--on", "2026-03-01"][..],
            "codeyear check C7B --on 2026-03-01",
        ),
        (&["C7B.0-C7B.8"], "codeyear check C7B.0-C7B.8"),
        (&["FY2026"], "codeyear diff FY2026"),
        (&["heart attack"], &format!("codeyear search {attack}")),
        (&["low", "back", "pain"], "codeyear search low back pain"),
        (&["chekc", "C7B"], "'check'"),
        (&["check", "C7B", "--onn", "2026-03-01"], "'--on'"),
        (
            &["show", "C7B", "--year", "2026"],
            "'--year' is an option of codeyear check",
        ),
        (&["check", "C7B", "--json"], "'--format json'"),
        (&["serve", "--port", "8080"], "'--listen 127.0.0.1:PORT'"),
        (&["search", "--pcs", "cabg"], "'--code-set icd10pcs'"),
        (&["CHECK", "C7B"], "codeyear check C7B"),
        (&["find", "flu shot"], &format!("codeyear search {shot}")),
        // Words are looked up by a search, and a code by its page.
        (&["lookup", "diabetes"], "codeyear search diabetes"),
        (&["lookup", "C7B"], "codeyear show C7B"),
        (&["update"], "codeyear fetch --missing"),
        (&["check", "C7B", "-o", "x.txt"], "'> FILE'"),
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, 2, "{args:?}");
        assert!(run.stderr.contains("tip: "), "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(tip), "{args:?}: {}", run.stderr);
    }
    let run = world.run(&["update"]);
    assert!(!run.stderr.contains("similar"), "{run:?}");
    for (args, hint) in [
        (
            &["check", "C7B", "--on", "10/1"][..],
            "\"10/1\" is not a date: it has no year",
        ),
        (
            &["diff", "FY2025", "FY2026", "--under", "4"],
            "hint: chapter 4 is the range E00-E89",
        ),
        (&["serve", "--listen", "0:99999"], "127.0.0.1:8470"),
        (
            &["compare", "C7B.1", "0270346"],
            "of ICD-10-CM, 0270346 of ICD-10-PCS",
        ),
        (
            &["backup", "no-folder/x.db"],
            "no-folder/x.db: cannot write",
        ),
    ] {
        let run = world.run(args);
        assert_eq!(run.exit, 2, "{args:?}");
        let stderr = run.stderr.replace('\\', "/");
        assert!(stderr.contains(hint), "{args:?}: {stderr}");
    }
    // The values that an option lists are taken in any case.
    let run = world.run(&["check", "C7B", "--on", "2026-03-01", "--format", "JSON"]);
    assert!(run.stdout.starts_with('{'), "{run:?}");
    // A value that is shown again cannot write to the terminal.
    let run = world.run(&["C7B\u{1b}[31m"]);
    assert!(!run.stderr.contains("\u{1b}[31m"), "{run:?}");
}

#[cfg(feature = "serve")]
#[test]
fn the_server_reads_what_the_command_line_reads() {
    use crate::web::Served;
    let world = World::with_sample();
    let served = Served::start(&world, &["--today", "2026-03-02"]).warm();
    let body = |target: &str| {
        let reply = served.get(target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        reply.json()
    };
    let day = |text: &str| {
        body(&format!("/api/check?code=C7B.-&on={text}"))["answers"][0]["date"].clone()
    };
    for text in ["2026-03-01", "3/1/2026", "Mar+1+2026", "yesterday"] {
        assert_eq!(day(text), "2026-03-01", "{text}");
    }
    let codes = |target: &str| -> Vec<String> {
        let body = body(target);
        let answers = body["answers"].as_array().unwrap();
        answers
            .iter()
            .map(|answer| answer["code_dotted"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        codes("/api/check?code=C7B.,C7B.1&on=2026-03-01"),
        ["C7B", "C7B.1"]
    );
    let range = codes("/api/check?code=C7B.0-C7B.1&on=2026-03-01");
    assert!(
        range.len() > 2 && range.contains(&"C7B.00".to_owned()),
        "{range:?}"
    );
    // Where one code is answered for, several are not taken for a code.
    for target in [
        "/api/history?code=C7B.0,C7B.1",
        "/api/show?code=C7B.0-C7B.1",
        "/api/compare?left=C7B.0,C7B.1&right=C7A",
    ] {
        let reply = served.get(target);
        assert_eq!(reply.status, 400, "{target}");
        let text = reply.text();
        assert!(
            text.contains("several codes") && text.contains("/api/check"),
            "{text}"
        );
    }
    // One answer to each question of a body, whatever it holds.
    let sent = br#"{"codes": ["C7B.-", "C7B.0-C7B.1", "C7B.1, C7B.2"], "on": "3/1/2026"}"#;
    let reply = served.post("/api/check", "application/json", sent);
    assert_eq!(
        reply.json()["answers"].as_array().unwrap().len(),
        3,
        "{}",
        reply.text()
    );
    let shown = body("/api/show?code=C7B.*&on=latest");
    assert_eq!(shown["page"]["answer"]["code"], "C7B", "{shown}");
    let changes = body("/api/diff?new=26");
    assert_eq!(
        (&changes["old"]["release"], &changes["new"]["release"]),
        (
            &body("/api/diff?old=2025-09-30&new=FY2026")["old"]["release"],
            &"FY2026".into()
        )
    );
    assert_eq!(served.get("/api/diff").status, 400);
    assert_eq!(served.get("/diff?new=3/1/2026").status, 200);
    let page = served.get("/search?q=C7B.-&on=3/1/2026");
    assert_eq!(page.status, 303);
    assert!(
        page.header("location").unwrap().contains("/icd10cm/C7B"),
        "{page:?}"
    );
    let listed = served.get("/search?q=C7B.0-C7B.1&on=2026-03-01");
    assert!(listed.text().contains("C7B.00"), "{}", listed.text());
}

#[test]
fn show_and_history_take_several_codes_and_a_search_says_what_it_shows() {
    let world = World::with_sample();
    let shown = world.run(&["show", "C7B.00, C7B.1", "--on", "2026-03-01"]);
    let heads = heads(&shown.stdout);
    assert_eq!((heads.len(), shown.exit), (2, 0), "{shown:?}");
    let lives = world.run(&["history", "C7B.00", "M54.5", "--format", "json"]);
    let objects = serde_json::Deserializer::from_str(&lives.stdout).into_iter();
    let objects: Vec<serde_json::Value> = objects.map(Result::unwrap).collect();
    assert_eq!(objects.len(), 2);
    for (arguments, message) in [
        (vec!["show", "C7B.00-C7B.1"], "a range is not one code"),
        (vec!["show", ""], "it is empty"),
        (
            vec!["compare", "C7B.00"],
            "two codes are compared, and one is given",
        ),
        (vec!["compare", "C7B.00,C7B.01,C7B.02"], "and 3 are given"),
        (vec!["search", "pain", "--limit", "0"], "--limit is 0"),
        (
            vec!["diff", "FY2025..FY2026", "FY2024"],
            "more than two releases are given",
        ),
        (
            vec!["diff", "..FY2026", "FY2025"],
            "more than two releases are given",
        ),
    ] {
        let run = world.run(&arguments);
        assert!(run.exit == 2 && run.stderr.contains(message), "{run:?}");
    }
    let early = world.run(&[
        "search",
        "carcinoid",
        "--on",
        "2014-01-01",
        "--format",
        "json",
    ]);
    assert!(
        early.exit == 2 || early.stdout.contains("not-in-force"),
        "{early:?}"
    );
}

#[test]
fn a_date_among_codes_is_refused_and_no_code_is_answered_for_another_day() {
    let world = World::with_sample();
    for rest in [
        &["check", "G35", "09/30/2025"][..],
        &["check", "G35", "on", "2025-09-30"],
        &["check", "G35 2025-09-30"],
        &["show", "E11.9", "2025-11-03"],
        &["history", "M54.5", "1-OCT-2021"],
    ] {
        let run = world.run(rest);
        assert_eq!(run.exit, 2, "{rest:?}: {}", run.stdout);
        assert_eq!(run.stdout, "", "{rest:?}");
        assert!(
            run.stderr.contains("is a date, not a code"),
            "{rest:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains("--on "), "{rest:?}: {}", run.stderr);
    }
}

#[test]
fn a_search_says_where_else_codes_with_all_words_are() {
    let world = World::with_sample();
    // The sample has ICD-10-PCS from 2022-04-01 through 2022-09-30.
    let ask = |rest: &[&str]| {
        let run = world.run(&[&["search", "coronary", "dilation"], rest].concat());
        run.stdout
    };
    let covered = ask(&["--on", "2022-05-01"]);
    assert!(
        covered.contains("ICD-10-PCS has matching codes"),
        "{covered}"
    );
    let later = ask(&["--on", "2026-03-01"]);
    assert!(
        later.contains("(--code-set icd10pcs --on 2022-09-30)"),
        "{later}"
    );
    let json = ask(&["--on", "2026-03-01", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let place = &json["elsewhere"][0];
    assert_eq!(
        (&place["kind"], &place["date"]),
        (&"not-covered".into(), &"2022-09-30".into())
    );
}
