//! `rq suspend` and `rq resume`.

use crate::harness::World;

#[test]
fn a_suspension_without_an_end_lasts_until_resume() {
    let world = World::new();

    let suspended = world.rq("suspend", &[]);

    assert_eq!((suspended.code(), suspended.stderr.as_str()), (0, ""));
    let words = "Suspending workers.  No new jobs will be started.  But current jobs will be completed\n";
    assert_eq!(suspended.stdout, words);
    assert_eq!(world.client.eval("conn.get('rq:suspended').decode()"), "1");
    assert_eq!(world.redis.ttl("rq:suspended"), -1);
    let resumed = world.rq("resume", &[]);
    assert_eq!((resumed.code(), resumed.stdout.as_str()), (0, "Resuming workers.\n"));
    assert!(!world.redis.exists("rq:suspended"));
    world.finish();
}

#[test]
fn a_suspension_with_a_duration_ends_by_itself() {
    let world = World::new();

    let suspended = world.rq("suspend", &["--duration", "100"]);

    let words = "Suspending workers for 100 seconds. No new jobs will be started during that time, but then will\n        \
                 automatically resume\n";
    assert_eq!((suspended.code(), suspended.stdout.as_str()), (0, words));
    let left = world.redis.ttl("rq:suspended");
    assert!((1..=100).contains(&left), "{left}");
    assert_eq!(world.rq("suspend", &[]).code(), 0);
    assert_eq!(world.redis.ttl("rq:suspended"), -1, "the later word counts");
    assert_eq!(world.rq("resume", &[]).code(), 0);
    assert_eq!(world.rq("resume", &[]).stdout, "Resuming workers.\n", "again");
    world.finish();
}

#[test]
fn a_duration_that_makes_no_sense_changes_nothing() {
    let world = World::new();

    for duration in ["0", "-5"] {
        let exit = world.rq("suspend", &["--duration", duration]);

        assert_eq!(exit.code(), 1, "{duration}");
        assert_eq!(exit.stdout, "Duration must be an integer greater than 1\n");
    }
    for arguments in [&["--duration", "soon"][..], &["now"]] {
        assert_eq!(world.rq("suspend", arguments).code(), 2, "{arguments:?}");
    }
    assert!(!world.redis.exists("rq:suspended"));
    world.finish();
}
