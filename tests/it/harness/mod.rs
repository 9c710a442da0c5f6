//! What every test stands on: [`World`] is the way in.

mod certificates;
mod client;
mod gate;
mod http;
mod inspect;
mod invariants;
mod npm;
mod output;
mod proxy;
mod receiver;
mod redis_server;
mod sink;
mod site;
mod skew;
mod skip;
mod subject;
mod tagged;
mod terminal;
mod text;
mod tmux;
mod version;
mod wait;
mod worker;
mod world;

pub(crate) use self::{
    certificates::make_certificates,
    gate::Gate,
    http::get,
    inspect::Hash,
    invariants::{Leaves, is_timestamp, text},
    npm::npm_program,
    output::{Output, matches},
    proxy::{Act, Match, Proxy, Rule},
    receiver::Receiver,
    redis_server::{Redis, free_port},
    sink::{Manner, Sink},
    site::Site,
    skew::Skew,
    skip::{Lack, skipped},
    subject::Subject,
    tagged::process_exists,
    terminal::{Terminal, leading},
    text::{application_part, is_python_float},
    tmux::Tmux,
    version::{Venv, Version},
    wait::{SOON, wait_for, wait_until},
    worker::{Exit, Worker},
    world::{Setup, World},
};

/// Makes a test per client version of each claim: `for_every_client! { fn claim(world: &World) { … } }`.
///
/// What older clients lack has a version that it begins with: `for_every_client! { since V2_6_1: fn claim(…) { … } }`.
macro_rules! for_every_client {
    (since V2_12_0: $($claims:tt)*) => {
        $crate::harness::claims! { [with_rq_3_0_0 V3_0_0, with_rq_2_12_0 V2_12_0] $($claims)* }
    };
    (since V2_6_1: $($claims:tt)*) => {
        $crate::harness::claims! { [with_rq_3_0_0 V3_0_0, with_rq_2_12_0 V2_12_0, with_rq_2_6_1 V2_6_1] $($claims)* }
    };
    ($($claims:tt)*) => {
        $crate::harness::claims! {
            [with_rq_3_0_0 V3_0_0, with_rq_2_12_0 V2_12_0, with_rq_2_6_1 V2_6_1, with_rq_1_16_2 V1_16_2] $($claims)*
        }
    };
}
pub(crate) use for_every_client;

macro_rules! claims {
    ($versions:tt $($(#[$doc:meta])* fn $claim:ident($world:ident: &World) $body:block)*) => { $(
        $(#[$doc])*
        mod $claim {
            use super::*;

            fn claim($world: &World) $body

            $crate::harness::tests_of_claim! { $versions }
        }
    )* };
}
pub(crate) use claims;

macro_rules! tests_of_claim {
    ([$($test:ident $version:ident),*]) => { $(
        #[test]
        fn $test() {
            World::try_claim($crate::harness::Version::$version, claim);
        }
    )* };
}
pub(crate) use tests_of_claim;
