use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::*;

/// Zones with jumps of an hour, of half an hour, in the middle of the night and at noon of UTC, and without any.
const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kolkata",
    "Africa/Casablanca",
];

/// Moments just before jumps in both directions, ends of months and years, and in the middle of nothing.
const STARTS: [&str; 9] = [
    "2026-03-29T00:30:00Z",   // Berlin jumps forward at 01:00
    "2026-10-25T00:10:00.5Z", // Berlin jumps back at 01:00
    "2026-03-08T06:45:00Z",   // New York jumps forward at 07:00
    "2026-11-01T05:15:00Z",   // New York jumps back at 06:00
    "2026-04-04T14:50:00Z",   // Lord Howe jumps back by half an hour at 15:00
    "2026-10-03T15:00:00Z",   // Lord Howe jumps forward at 15:30
    "2026-09-06T03:55:00Z",   // Santiago jumps forward over midnight
    "2028-02-28T23:59:59.999999Z",
    "2026-12-31T12:34:56.789Z",
];

/// Every form that croniter knows, and texts that it refuses.
const EXPRESSIONS: &str = "
* * * * *|*/5 * * * *|*/15 * * * *|0 * * * *|30 * * * *|0 0 * * *|30 2 * * *|0 2 * * *|59 1 * * *|15 3 * * *
0 1-3 * * *|*/20 1,2,3 * * *|0 */3 * * *|0 22-4 * * *|0 22-4/2 * * *|5/10 * * * *|59/15 * * * *|10-50/15 * * * *
50-10/7 * * * *|0 0 1 * *|0 0 31 * *|0 0 30 * *|0 0 29 2 *|0 0 28-31 * *|0 0 L * *|0 0 l * *|0 0 15,L * *|0 12 1-L * *
0 0 15W * *|0 0 W15 * *|0 0 1W * *|0 0 31W * *|0 0 30W 2 *|0 9 15W * 1|0 0 * * 0|0 0 * * 7|0 0 * * sun|0 0 * * SUN
0 0 * * mon-fri|0 0 * * fri-mon|0 0 * * 5-7|0 0 * * 0-7|0 0 * * 1-7|0 0 * * 6-2/2|0 0 * * mon,wed,fri|0 0 * * */2
0 0 * * 1#1|0 0 * * 5#5|0 0 * * fri#2|0 0 * * 1#1,3#3|0 0 * * mon-wed#1|0 0 * * L5|0 0 * * l0|0 0 * * L7|0 0 * * 5#2,L5
0 0 * jan *|0 0 * JAN-mar *|0 0 1 oct-feb *|0 0 1 apr-jan/3 *|0 0 1 */4 *|0 0 1 jan,jul *|0 0 1 dec/3 *|0 0 1 jan-jan *
0 0 13 * 5|0 0 13 * fri|0 0 1,15 * mon|0 0 L * fri|0 0 1-31 * mon|0 0 */1 * mon|0 0 */2 * mon|0 0 1-7 * */3|0 0 * * 1-5
0 0 ? * *|0 0 * * ?|0 0 ? * ?|0 0 1 * ?|0 0 13 * 1#2|0 0 15W * fri#1|0 0 31 * mon|0 0 31 2 mon|0 0 31 4,6 *|0 0 30 2 *
* * * * * *|* * * * * 0|* * * * * */15|0 0 * * * 30|*/5 * * * * 10,40|0 2 * * * 0-20/10|0 0 1 1 * 0 2030|0 0 1 1 * 0 2027-2031/2
* * * * * 0 2026|0 0 * * * 0 */3|0 0 29 2 * 0 2027-2040|0 0 1 1 * 0 2020|0 0 1 1 * 59 *|30 2 * * * 15|30 1 25 10 * 30 2026
@hourly|@daily|@midnight|@weekly|@monthly|@yearly|@annually|@DAILY|@reboot|0-59 0-23 1-31 1-12 0-6|0-59/1 * * * *
60 * * * *|* 24 * * *|* * 0 * *|* * 32 * *|* * * 0 *|* * * 13 *|* * * * 8|* * * * * 60|* * * * * * 1969|* * * * * * 2100
a * * * *|* * * * foo|* * * foo *|-1 * * * *|1- * * * *|-5-10 * * * *|*/0 * * * *|*/x * * * *|1/2/3 * * * *|1-2-3 * * * *
* * * *|* * * * * * * *||? * * * *|* ? * * *|0 0 1? * *|0 0 l-3 * *|0 0 lw * *|0 0 15w,16 * *|0 0 32w * *|0 0 0w * *
0 0 * * 1#0|0 0 * * 1#6|0 0 * * 1#|0 0 * * 1-5#2|0 0 * * fri#2,mon|0 0 * * L8|0 0 * * *#2|0 0 * * L|0 0 * * 5L|0 0 * mon *
0 0 * * jan|1, * * * *|,1 * * * *|1,,2 * * * *|*,5 * * * *|0 0 *,5 * mon|0 0 1 * *,2|5-5 * * * *|0 7-7/5 * * *|0 0 5-5 * *
+1 * * * *|1.5 * * * *|0 0 1-5/2,20-25/3,L * *|1,2,3,4-6,*/30 * * * *|0 0 * 2 mon-sun|007 08 * * *|*/100 * * * *|0 5/100 * * *
";

/// More expressions, put together from parts that fit, the same in every run.
fn made() -> Vec<String> {
    const PARTS: [&[&str]; 5] = [
        &["*", "0", "*/7", "3-50/9", "58-3", "1,30,45", "59"],
        &["*", "0", "2", "1-3", "23-2", "*/5", "0,2,12"],
        &["*", "1", "L", "31", "5-9", "28-2", "*/10", "30,31"],
        &["*", "*", "2", "3,10", "nov-feb", "*/5"],
        &["*", "*", "0", "sat-mon", "*/3", "3#2", "L0"],
    ];
    let mut seed: usize = 7;
    let mut pick = |parts: &'static [&str]| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        parts[(seed >> 8) % parts.len()]
    };
    (0..120).map(|_| PARTS.map(&mut pick).join(" ")).collect()
}

fn micros(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

fn ours(zone: &str, start: i64, expression: &str, count: usize) -> Result<Vec<i64>, String> {
    let expression = CronExpression::parse(expression).map_err(|error| error.to_string())?;
    let schedule = Schedule::Cron(Box::new(expression), Zone::named(zone).unwrap());
    let mut moment = Timestamp::from_micros(start).unwrap();
    let mut found = Vec::new();
    for _ in 0..count {
        moment = schedule.after(moment).ok_or("never")?;
        found.push(moment.micros());
    }
    Ok(found)
}

#[test]
fn every_expression_fits_when_it_does_for_rq() {
    let Ok(python) = std::env::var("RQ_TEST_PYTHON") else {
        eprintln!("skipped: RQ_TEST_PYTHON names no Python with rq 3.0.0");
        return;
    };
    let expressions =
        EXPRESSIONS.trim().lines().flat_map(|line| line.split('|').map(str::to_owned)).chain(made());
    let expressions: Vec<String> = expressions.collect();
    assert!(expressions.len() >= 200, "{}", expressions.len());
    let mut oracle = Command::new(python)
        .args(["-c", include_str!("oracle.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut ask, hear) = (oracle.stdin.take().unwrap(), BufReader::new(oracle.stdout.take().unwrap()));
    // Every expression meets each zone and each start, but not each pair of them: that would take too long.
    let pairs: Vec<(&str, &str)> =
        ZONES.iter().flat_map(|zone| STARTS.iter().map(move |start| (*zone, *start))).collect();
    let cases: Vec<(String, &str, &str)> = expressions
        .iter()
        .enumerate()
        .flat_map(|(at, expression)| {
            let met = pairs.iter().skip(at % 4).step_by(4);
            met.map(move |(zone, start)| (expression.clone(), *zone, *start))
        })
        .collect();
    let questions: Vec<String> = cases
        .iter()
        .map(|(expression, zone, start)| json!([zone, micros(start), expression, 3]).to_string())
        .collect();
    std::thread::spawn(move || questions.iter().try_for_each(|question| writeln!(ask, "{question}")));

    let mut differences = Vec::new();
    for ((expression, zone, start), line) in cases.iter().zip(hear.lines()) {
        let theirs: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let ours = ours(zone, micros(start), expression, 3);
        let same = match (&ours, theirs.as_str()) {
            (Ok(ours), None) => json!(ours) == theirs,
            (Err(_), Some(_)) => true,
            _ => false,
        };
        // One difference an expression is enough to read.
        if !same && !differences.iter().any(|told: &String| told.starts_with(&format!("{expression:?} "))) {
            differences.push(format!("{expression:?} in {zone} from {start}: {ours:?}, but RQ {theirs}"));
        }
    }

    oracle.wait().unwrap();
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), cases.len(), differences.join("\n"));
}

#[test]
fn a_time_that_the_clock_leaves_out_comes_later_and_one_that_comes_twice_comes_once() {
    let zone = Zone::named("Europe/Berlin").unwrap();
    let schedule = Schedule::Cron(Box::new(CronExpression::parse("30 2 * * *").unwrap()), zone.clone());
    let from = |text| Timestamp::from_micros(micros(text)).unwrap();
    let times = |start| {
        let first = schedule.after(from(start)).unwrap();
        [first, schedule.after(first).unwrap()].map(|moment| zone.tell(moment))
    };

    assert_eq!(times("2026-03-28T12:00:00Z"), ["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]);
    assert_eq!(times("2026-10-24T12:00:00Z"), ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]);
}

#[test]
fn what_is_wrong_with_an_expression_is_told() {
    for (text, told) in [
        ("* * * *", "it has 4 fields, and 5, 6 or 7 are needed"),
        ("61 * * * *", "61 is no minute, which goes from 0 to 59"),
        ("r * * * *", "\"r\" is no minute"),
        ("* * * * mun", "\"mun\" is no day of the week"),
        ("0 0 * * fri#2,mon", "days of the week cannot stand both with and without # or L"),
    ] {
        assert_eq!(CronExpression::parse(text).unwrap_err().to_string(), told);
    }
    assert_eq!(Zone::named("Mars/Olympus").unwrap_err().to_string(), "\"Mars/Olympus\" is no time zone");
}
