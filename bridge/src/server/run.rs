//! One run of the server, from a bound listener to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;

use super::app::{App, Run};
use super::authority::Authority;
use super::connection;
use super::desk::{Bridge, Desk};
use super::idle;
use super::limits::Limits;
use crate::Error;
use crate::config::{Ready, ServeConfig};

/// Serves the page and its API on `listener` until `shutdown`.
///
/// The run's secret is made here and leaves by `config.on_ready` alone.
///
/// # Errors
/// [`Error::ListenNotLoopback`] when others could reach the listener, [`Error::System`] when the
/// system gives no address or no randomness.
pub async fn run(
    listener: TcpListener,
    config: ServeConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(|source| Error::System {
        what: "asking for the listener's address",
        source,
    })?;
    let authority = Authority::of(address).ok_or_else(|| Error::ListenNotLoopback {
        address: address.to_string(),
    })?;
    let idle = config.idle;
    let (bridge, on_ready) = Bridge::from_config(config);
    let run = Arc::new(Run::new(bridge, authority, Limits::default())?);
    on_ready(run.ready(address)?);
    let watch = idle::watch(Arc::clone(&run), idle);
    let end = async {
        tokio::select! {
            () = shutdown => {}
            () = watch => {}
        }
    };
    run.serve(listener, end).await;
    Ok(())
}

impl<D: Desk> Run<D> {
    fn ready(&self, address: SocketAddr) -> Result<Ready, Error> {
        let origin = self.authority.origin();
        Ok(Ready {
            address,
            // EXPOSE: the owner's way in, for the terminal that started the bridge.
            url: format!("{origin}/#token={}", self.secret.expose()),
            launch_url: format!("{origin}/#launch={}", self.launch.issue(Instant::now())?),
        })
    }

    /// Serves until `shutdown`. Open connections then get a moment, and what a person has
    /// approved is waited for, so that its outcome is recorded.
    pub(super) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) {
        let app = App::new(Arc::clone(&self));
        // A plan under way finishes what is in flight and begins nothing more.
        let shutdown = async {
            shutdown.await;
            self.under_way.stop_all();
        };
        connection::serve(listener, app, self.limits, shutdown).await;
        let approved = self.approved.write();
        if tokio::time::timeout(self.limits.wrap_time, approved)
            .await
            .is_err()
        {
            tracing::error!("stopped within something approved; the record shows its intent");
        }
    }
}
