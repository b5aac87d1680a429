//! Before the county shuts somebody out it fetches what was reported: what comes after the order is kept apart, and would be kept apart
//! though it was sent days before.

use std::{sync::Arc, time::Duration};

use niangjia_core::{Fault, devices::Fetched, words::Say};
use serde_json::Value;

use super::{Station, written};

/// Longer than that nobody waits to shut out a PC that was stolen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The commands after which something counts no more.
pub(super) const SHUTTING_OUT: [&str; 3] = ["devices.revoke", "devices.withdraw", "offices.withdraw"];

impl Station {
    /// Fetches, and runs the command in any case; its answer says whether the first went well.
    ///
    /// # Errors
    /// The command's own. Who may not run it waits for nothing.
    pub(super) async fn fetched_first(self: &Arc<Self>, name: &str, question: Value) -> Result<Value, Fault> {
        let session = self.session()?;
        self.allowed(&session, session.office.commands().get(name)?.role)?;
        let fetched = if session.office.registers() { Some(self.fetch_within(PATIENCE).await) } else { None };
        let (station, name) = (self.clone(), name.to_owned());
        let mut answer = super::apart(move || station.call_now(&name, question)).await?;
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("fetched".to_owned(), written(fetched)?);
        }
        Ok(answer)
    }

    async fn fetch_within(self: &Arc<Self>, patience: Duration) -> Fetched {
        let station = self.clone();
        // In a task of its own: an exchange that takes longer goes on to its end.
        let exchange = tokio::spawn(async move { station.exchange().await });
        match tokio::time::timeout(patience, exchange).await {
            Ok(Ok(Ok(_))) => Fetched {
                done: true,
                say: Say::new(
                    "办理前已先收取中转站上的全部内容。",
                    "Everything that lay at the hub was fetched before.",
                ),
            },
            Ok(Ok(Err(fault))) => {
                tracing::info!(code = fault.code, "nothing was fetched before shutting out");
                not_fetched()
            }
            _ => not_fetched(),
        }
    }
}

fn not_fetched() -> Fetched {
    Fetched {
        done: false,
        say: Say::new(
            "办理前没能先收取：没有线路，或 20 秒内没有收完。对方已经上报、县里还没收到的内容，以后收到时会单独保留，请核对后采用。",
            "Nothing could be fetched before: there is no line, or it took longer than 20 seconds. What was reported and has not come here yet is kept apart when it comes; look at it and accept it then.",
        ),
    }
}
