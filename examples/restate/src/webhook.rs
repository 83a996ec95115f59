//! The way of a webhook's message to the invocation that waits for it.

use std::time::Duration;

use restate_sdk::prelude::*;
use typless::wire::Notification;

/// Receives webhooks: `POST <ingress>/Webhook/receive/send`. The message is safe as soon as the
/// engine has it, and proves nothing: it makes a poll earlier.
pub struct Webhook;

#[restate_sdk::service]
impl Webhook {
    /// Passes a message on, by the id in it.
    #[handler]
    async fn receive(&self, ctx: Context<'_>, message: Vec<u8>) -> HandlerResult<()> {
        let Ok(notification) = Notification::decode(&message) else {
            return Err(TerminalError::new_with_code(400, "it is no message").into());
        };
        let id = notification.extraction_id().as_str();
        ctx.object_client::<NotificationsClient>(id)
            .arrived(message)
            .send();
        Ok(())
    }
}

/// Brings messages and those who wait for them together, whoever comes first. The key is the id of
/// the extraction.
pub struct Notifications;

/// How long a message is kept for which nobody waits.
const MAX_EARLY: Duration = Duration::from_secs(600);

#[restate_sdk::object(name = "Notification", ingress_private)]
impl Notifications {
    /// The next message is to resolve this awakeable.
    #[handler]
    async fn expect(&self, ctx: ObjectContext<'_>, awakeable: String) -> HandlerResult<()> {
        match ctx.get::<Vec<u8>>("early").await? {
            Some(message) => {
                ctx.clear("early");
                ctx.resolve_awakeable(&awakeable, message);
            }
            None => ctx.set("waiting", awakeable),
        }
        Ok(())
    }

    /// A message has arrived.
    #[handler]
    async fn arrived(&self, ctx: ObjectContext<'_>, message: Vec<u8>) -> HandlerResult<()> {
        match ctx.get::<String>("waiting").await? {
            Some(awakeable) => {
                ctx.clear("waiting");
                ctx.resolve_awakeable(&awakeable, message);
            }
            None => {
                ctx.set("early", message);
                ctx.object_client::<NotificationsClient>(ctx.key())
                    .forget()
                    .send_after(MAX_EARLY);
            }
        }
        Ok(())
    }

    /// Nobody waits any more.
    #[handler]
    async fn forget(&self, ctx: ObjectContext<'_>) -> HandlerResult<()> {
        ctx.clear_all();
        Ok(())
    }
}
