//! Whatever a horse sends, it is told as a word of the protocol or as its death.

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::*;

/// No process can have this number, so that killing it harms nobody.
const NOBODY: u32 = 0x3fff_ffff;

/// Hears everything that a horse says which sends these bytes and ends; panics when that takes more words than frames were sent.
fn hear(bytes: &[u8], own_code: bool) -> Vec<Said> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let (stream, mut theirs) = UnixStream::pair().unwrap();
        let (tell, exit) = oneshot::channel();
        let (_back, returned) = mpsc::channel(1);
        let faults = os::memory_file(c"faults").unwrap();
        let (records, _told) = os::message_pair().unwrap();
        let window = Window::new(NOBODY, None, os::memory_file(c"stacks").unwrap());
        let mut horse = Horse::new(Parts { pid: NOBODY, stream, exit, returned, faults, records, window });
        horse.settles = own_code;
        theirs.write_all(bytes).await.unwrap();
        drop(theirs);
        let usage = Usage { cpu: Duration::ZERO, peak_kib: 0 };
        tell.send(Exit { status: 9, usage }).unwrap();
        let mut words = Vec::new();
        loop {
            words.push(horse.next().await);
            if let Some(Said::Died(_) | Said::Ended(_) | Said::Settled | Said::Called(_)) = words.last() {
                return words;
            }
            assert!(words.len() <= bytes.len(), "more words than bytes");
        }
    })
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(Value::from(u64::MAX)),
        Just(Value::Null),
        ".{0,8}".prop_map(Value::from),
    ]
}

/// Heads that are nearly right: known names with anything as their values.
fn head() -> impl Strategy<Value = Value> {
    let name = |names: &'static [&'static str]| proptest::sample::select(names.to_vec());
    (
        name(&["ready", "phase", "callback_raised", "called", "ended", "return", "dance"]),
        name(&["function", "callback", "ending", "nap"]),
        name(&["success", "failure", "stopped", "never"]),
        name(&["returned", "raised", "asked_retry", "settled", "vanished"]),
        proptest::collection::vec(number(), 5),
        any::<bool>(),
    )
        .prop_map(|(report, phase, callback, kind, numbers, flag)| {
            json!({
                "report": report, "phase": phase, "callback": callback, "kind": kind, "raised": flag, "none": flag,
                "limit": numbers[0], "started_at": numbers[1], "ended_at": numbers[2], "max": numbers[3],
                "intervals": [numbers[4]],
            })
        })
}

fn frames(heads: &[(Value, Vec<u8>)]) -> Vec<u8> {
    heads.iter().flat_map(|(head, body)| frame::encode(head, &[body]).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_that_a_horse_sends_makes_us_panic(
        heads in proptest::collection::vec((head(), proptest::collection::vec(any::<u8>(), 0..9)), 0..6),
        tail in proptest::collection::vec(any::<u8>(), 0..9),
        own_code in any::<bool>(),
    ) {
        let bytes = [frames(&heads), tail].concat();

        let words = hear(&bytes, own_code);

        prop_assert!(words.len() <= heads.len() + 1);
        for word in &words {
            if let Said::Phase(Phase::Callback(_, Some(limit))) = word {
                prop_assert!(std::time::Instant::now().checked_add(*limit).is_some());
            }
            prop_assert!(own_code || !matches!(word, Said::Settled));
        }
    }
}

#[test]
fn a_limit_without_end_is_cut_to_a_century() {
    let callback =
        |limit| json!({"report": "phase", "phase": "callback", "callback": "success", "limit": limit});
    let ending = json!({"report": "phase", "phase": "ending"});

    let words = hear(&frames(&[(ending, Vec::new()), (callback(u64::MAX), Vec::new())]), false);

    let [Said::Phase(Phase::Ending), Said::Phase(Phase::Callback(_, Some(limit))), Said::Died(_)] =
        &words[..]
    else {
        panic!("{words:?}");
    };
    assert_eq!(limit.as_secs(), crate::job::LONGEST);
}

#[test]
fn only_rqs_own_code_may_say_that_a_job_is_settled() {
    let settled = frames(&[(json!({"report": "ended", "kind": "settled"}), Vec::new())]);

    assert!(matches!(hear(&settled, true)[..], [Said::Settled]));
    assert!(matches!(hear(&settled, false)[..], [Said::Died(_)]));
}
