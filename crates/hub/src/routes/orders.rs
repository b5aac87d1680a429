//! The county's revocations: told by whoever has them, asked before every answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use niangjia_replication::keys::VerifyingKey;
use niangjia_replication::orders::Orders;
use niangjia_replication::wire::RefusalCode;

use super::{Admitted, Desk, Refuse, cbor, segments};
use crate::auth::Asker;
use crate::relay::{Relay, shut_out};

/// What was told, read from the store once and again whenever something is told.
#[derive(Default)]
pub(super) struct CountyOrders(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Counts what was told, so that what was read before is not kept after.
    told: u64,
    orders: Option<Arc<Orders>>,
}

impl CountyOrders {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self) -> (u64, Option<Arc<Orders>>) {
        let kept = self.lock();
        (kept.told, kept.orders.clone())
    }

    /// What stands, where it has been asked for since something was told: [`admit`] asks before every answer.
    pub(super) fn known(&self) -> Option<Arc<Orders>> {
        self.get().1
    }

    fn keep(&self, told: u64, orders: &Arc<Orders>) {
        let mut kept = self.lock();
        if kept.told == told {
            kept.orders = Some(orders.clone());
        }
    }

    fn forget(&self) {
        let mut kept = self.lock();
        *kept = Kept { told: kept.told + 1, orders: None };
    }
}

/// Refuses a device that the county has shut out.
pub(super) async fn admit(desk: &Arc<Desk>, root: VerifyingKey, asker: &Asker) -> Result<(), Refuse> {
    let orders = match desk.orders.get() {
        (_, Some(orders)) => orders,
        (told, None) => {
            let orders = Arc::new(desk.judge(root, |relay| relay.orders()).await?);
            desk.orders.keep(told, &orders);
            orders
        }
    };
    if shut_out(&orders, &asker.device.chain) { Err(RefusalCode::Revoked.into()) } else { Ok(()) }
}

/// `POST /v1/orders`.
pub(super) async fn tell(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refuse> {
    let Admitted { asker, root, body, place: _place, room: _room } = desk.admit(request).await?;
    let orders = segments::frames(&body)?;
    let at_hand = desk.clone();
    // Where the store is written, and not behind the answer: the line may break meanwhile.
    let tell = move |relay: &Relay<'_>| {
        let taken = relay.tell(&orders);
        at_hand.orders.forget();
        at_hand.doubts.forget_all();
        taken
    };
    let taken = desk.judge(root, tell).await?;
    tracing::info!(device = %asker.identity.cert, orders = taken.orders, "orders of the county");
    Ok(cbor(&taken))
}
