//! What every test stands on: [`World`] is the way in.

mod client;
mod gate;
mod http;
mod inspect;
mod invariants;
mod output;
mod proxy;
mod receiver;
mod redis_server;
mod subject;
mod tagged;
mod text;
mod version;
mod wait;
mod worker;
mod world;

pub(crate) use self::{
    gate::Gate,
    http::get,
    inspect::Hash,
    invariants::{Leaves, is_timestamp, text},
    output::matches,
    proxy::{Act, Match, Proxy, Rule},
    receiver::Receiver,
    redis_server::{Redis, free_port},
    subject::{Subject, not_skipped, skipped},
    tagged::process_exists,
    text::{application_part, is_python_float},
    version::{Venv, Version},
    wait::{SOON, wait_for, wait_until},
    worker::{Exit, Worker},
    world::{Setup, World},
};

/// Makes a test per client version of each claim: `for_every_client! { fn claim(world: &World) { … } }`.
macro_rules! for_every_client {
    ($($(#[$doc:meta])* fn $claim:ident($world:ident: &World) $body:block)*) => { $(
        $(#[$doc])*
        mod $claim {
            use super::*;

            fn claim($world: &World) $body

            #[test]
            fn with_rq_3_0_0() {
                World::try_claim($crate::harness::Version::V3_0_0, claim);
            }

            #[test]
            fn with_rq_2_12_0() {
                World::try_claim($crate::harness::Version::V2_12_0, claim);
            }

            #[test]
            fn with_rq_2_6_1() {
                World::try_claim($crate::harness::Version::V2_6_1, claim);
            }

            #[test]
            fn with_rq_1_16_2() {
                World::try_claim($crate::harness::Version::V1_16_2, claim);
            }
        }
    )* };
}
pub(crate) use for_every_client;
