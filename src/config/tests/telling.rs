//! What users are told.

use super::*;

#[test]
fn show_tells_origin_and_what_is_shadowed() {
    let place = place()
        .system("etc", "[worker]\nttl = 5")
        .file("rq.toml", "REDIS_URL = 'redis://:pw@file'\n[worker]\nttl = 6")
        .variable("REDIS_URL", "redis://:pw@bare")
        .variable("QUEUES", "a")
        .variable("RQ_WORKER__TTL", "7");

    let resolved = place.with("rq.toml");

    let row = |key: &str| resolved.origins.iter().find(|row| row.key == key).unwrap();
    let ttl = row("worker.ttl");
    assert_eq!(
        (ttl.value.to_string().as_str(), ttl.origin.to_string().as_str()),
        ("\"7s\"", "environment variable RQ_WORKER__TTL")
    );
    let shadowed: Vec<String> =
        ttl.shadowed.iter().map(|lost| format!("{} {}", lost.key, lost.value)).collect();
    assert_eq!(shadowed, ["worker.ttl \"6s\"", "worker.ttl \"5s\"", "worker.ttl \"420s\""]);
    let url = row("redis.url");
    assert_eq!(url.value, "redis://:***@file");
    assert_eq!(url.shadowed[0].value, "redis://:***@bare");
    assert!(!resolved.origins.iter().any(|row| row.key == "redis.host"));
    assert_eq!(row("worker.name").value, serde_json::Value::Null);
    let warnings: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
    let path = place.path("rq.toml").display().to_string();
    assert_eq!(
        warnings,
        [
            format!(
                "REDIS_URL from the environment: not used, as REDIS_URL from {path}, line 1 counts higher"
            ),
            format!(
                "worker.ttl from {path}, line 3 is not used: environment variable RQ_WORKER__TTL counts higher"
            ),
        ]
    );
}

#[test]
fn a_value_that_loses_against_the_same_value_is_not_told() {
    let resolved = place()
        .file("rq.toml", "REDIS_URL = 'redis://one'\n[worker]\nttl = '1m'")
        .variable("REDIS_URL", "redis://one")
        .variable("RQ_WORKER__TTL", "60")
        .with("rq.toml");

    assert!(resolved.warnings.is_empty(), "{:?}", resolved.warnings);
}

#[test]
fn no_secret_is_told_anywhere() {
    const SECRET: &str = "hunter2";
    let sentinel = format!(
        "{{password = '{SECRET}', connection_kwargs = {{password = '{SECRET}'}}, sentinel_kwargs = {{password = '{SECRET}'}}}}"
    );
    let good = [
        format!("REDIS_URL = 'redis://:{SECRET}@h?password={SECRET}'"),
        format!("REDIS_PASSWORD = '{SECRET}'\nSENTRY_DSN = 'https://{SECRET}@h/1'"),
        format!("SENTINEL = {sentinel}"),
        format!("DICT_CONFIG = {{version = 1, handlers = {{mail = {{password = '{SECRET}'}}}}}}"),
        format!(
            "[cron.a]\nfunction = 'a.b'\ninterval = 5\nkwargs = {{token = '{SECRET}', url = 'redis://:{SECRET}@h'}}"
        ),
    ];
    let bad = [
        format!("REDIS_URL = 'http://:{SECRET}@h'"),
        format!("REDIS_URL = '{SECRET}:{SECRET}@h'"),
        format!("REDIS_HOST = 'redis://:{SECRET}@h'"),
        format!("REDIS_PORT = 'redis://:{SECRET}@h'"),
        format!("REDIS_PASSWORD = ['{SECRET}']"),
        format!("REDIS_PASWORD = '{SECRET}'"),
        format!("SENTRY_DSN = '{SECRET}'"),
        format!("SENTINEL = {{password = ['{SECRET}']}}"),
        format!("REDIS_PASSWORD = {SECRET}"),
    ];

    for text in good {
        let resolved = place().file("a.toml", &text).with("a.toml");
        let rows = serde_json::to_string(&resolved.origins).unwrap();
        let all = format!("{:?} {rows} {:?} {:?}", resolved.settings, resolved.origins, resolved.warnings);
        assert!(!all.contains(SECRET), "{all}");
        assert!(rows.contains("***"), "{rows}");
    }
    for text in bad {
        let told = place().file("a.toml", &text).refused("a.toml");
        assert!(!told.contains(SECRET), "{told}");
    }
}
