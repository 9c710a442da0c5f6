//! Messages of a channel.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use futures_core::Stream;
use redis::aio::{PubSub, PubSubSink, PubSubStream};

use super::error::StoreError;

/// A subscription to one channel. Messages sent while it was not there are lost: that is Redis' promise.
pub(crate) struct Subscription {
    messages: PubSubStream,
    /// Kept, because the connection lives no longer than this.
    _sink: PubSubSink,
    label: String,
}

impl Subscription {
    pub(super) fn new(pubsub: PubSub, label: String) -> Self {
        let (sink, messages) = pubsub.split();
        Self { messages, _sink: sink, label }
    }

    /// Waits for the next message; `Away` when the connection broke, which is final.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>, StoreError> {
        let message = poll_fn(|context| Pin::new(&mut self.messages).poll_next(context)).await;
        message.map(|message| message.get_payload_bytes().to_vec()).ok_or_else(|| {
            let cause =
                io::Error::new(io::ErrorKind::UnexpectedEof, "the subscription's connection was lost");
            StoreError::sort(&self.label, cause.into())
        })
    }
}
