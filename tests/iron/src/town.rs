//! A county with its hub as a process, and townships whose clerks are processes.

use std::path::Path;

use niangjia_core::replication::Stream;
use serde_json::json;
use stories::{Desk as Inside, PASSPHRASE};
use tempfile::TempDir;

use crate::{clerk, desk::Desk, hub::Hub};

const NAMES: [(&str, &str); 2] = [("平明镇总工会", "320722104"), ("安峰镇总工会", "320722106")];

/// The cast of a run.
pub struct Town {
    /// 东海县总工会, in this process.
    pub county: Inside,
    /// Its hub.
    pub hub: Hub,
    /// Each township: its folder, and the office in it whenever it is opened in this process.
    pub offices: Vec<Inside>,
    /// Where this run keeps its own files.
    pub dir: TempDir,
}

impl Town {
    /// Founds the county, claims the hub, and has `many` townships join. Nobody works in them yet.
    ///
    /// # Panics
    /// Where that is not possible.
    pub async fn found(many: usize) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let hub = Hub::made(&dir.path().join("hub"));
        let county = Inside::county().await;
        county.ask("hub.claim", json!({ "url": hub.url(), "key": hub.key, "claim": hub.claim })).await;
        let mut offices = Vec::new();
        for (name, code) in &NAMES[..many] {
            let (packet, spoken) = county.invitation(dir.path(), name, code).await;
            let office = Inside::joined(&packet, &spoken, "李强").await;
            office.station.close().await;
            offices.push(office);
        }
        Self { county, hub, offices, dir }
    }

    /// The townships' folders as desks whose clerks are processes of `iron`.
    #[must_use]
    pub fn desks(&self, iron: &Path) -> Vec<Desk> {
        let list = |n: usize| self.dir.path().join(format!("list-{n}"));
        self.offices.iter().enumerate().map(|(n, office)| Desk::at(iron, &office.dir(), list(n))).collect()
    }

    /// The end of a run: everybody opens, comes into step, and everything acknowledged is there, at the county too.
    ///
    /// # Panics
    /// Where it is not.
    pub async fn agree(&mut self, desks: &[Desk]) {
        self.hub.serve();
        for office in &mut self.offices {
            office.reopen().await;
        }
        // Bodies first, then receipts both ways.
        for _ in 0..3 {
            for office in self.offices.iter().chain([&self.county]) {
                office.sync().await;
            }
        }
        for (office, desk) in self.offices.iter().zip(desks) {
            for stream in [office.stream(), Stream::County] {
                let told = office.ask("sync.status", json!({})).await;
                assert_eq!(office.digest(&stream), self.county.digest(&stream), "{stream}: {told}");
            }
            let status = office.ask("sync.status", json!({})).await;
            for nothing in ["unsent", "unconfirmed", "parked", "quarantined"] {
                assert_eq!(status[nothing], 0, "{nothing}");
            }
            holds(office, desk).await;
            holds(&self.county, desk).await;
            office.station.office().and_then(|office| office.check()).expect("a sound file");
            let again = office.digest(&office.stream());
            office.ask("tables.rebuild", json!({})).await;
            assert_eq!(office.digest(&office.stream()), again);
            holds(office, desk).await;
        }
    }

    /// The main file of a township is spoilt: its snapshot and the tail bring everything back without a line.
    ///
    /// # Panics
    /// Where they do not.
    pub async fn tail_brings_back(&mut self, at: usize, desk: &Desk) {
        let office = &mut self.offices[at];
        let file = office.dir().join("office.db");
        let mut bytes = std::fs::read(&file).expect("the data file");
        bytes[..4096].fill(0x5a);
        std::fs::write(&file, bytes).expect("the data file");
        office.station = stories::opened(office.dir());
        office.ask("app.restore", json!({ "clerk": "李强", "passphrase": PASSPHRASE, "name": null })).await;
        holds(office, desk).await;
    }
}

async fn holds(office: &Inside, desk: &Desk) {
    for (id, number) in &desk.acknowledged {
        let page = clerk::page(&office.station, id).await.unwrap_or_else(|fault| panic!("{id} is gone: {fault}"));
        let stands = clerk::number_of(&page);
        assert!(stands >= *number, "{id}: {number} was acknowledged, {stands} stands there");
    }
}
