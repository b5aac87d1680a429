//! What is asked of a station and what it answers: the shapes of the commands that work on the folder.

use niangjia_core::{
    Fault,
    people::{Nothing, Role},
    registry::Registry,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::restore::{RestoreAnswer, RestoreAsk};
use crate::{carry::CarryState, snapshots::SnapshotsAnswer, space::DiskState, trouble::Trouble};

/// How far the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// No office in this folder.
    Fresh,
    /// An office, and nobody has unlocked it.
    Locked,
    /// Unlocked.
    Ready,
}

/// Language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Language {
    /// 简体中文.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// What an office is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficeRole {
    /// 县总工会.
    County,
    /// 乡镇／街道总工会.
    Township,
}

/// Where the program stands.
#[derive(Serialize, JsonSchema)]
pub struct AppState {
    /// How far.
    pub stage: Stage,
    /// The office, once there is one.
    pub office: Option<OfficeState>,
    /// Who works here, while unlocked.
    pub clerk: Option<ClerkState>,
    /// Who can unlock.
    pub clerks: Vec<ClerkState>,
    /// Of the window.
    pub language: Language,
    /// Large type.
    pub large_type: bool,
    /// Version of the program.
    pub version: String,
    /// Whether a browser shows the window.
    pub browser: bool,
    /// Room on the disk.
    pub disk: DiskState,
    /// What is wrong with the data file, where something is; nothing is written then.
    pub trouble: Option<Trouble>,
    /// While locked: what is on its way out and in.
    pub carry: Option<CarryState>,
    /// Whether data are sent and fetched while the office is locked.
    pub carries: bool,
}

/// The office.
#[derive(Serialize, JsonSchema)]
pub struct OfficeState {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// What it is.
    pub role: OfficeRole,
}

/// A clerk.
#[derive(Serialize, JsonSchema)]
pub struct ClerkState {
    /// Record id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Keys of the roles; empty while locked.
    pub roles: Vec<String>,
}

/// A new office.
#[derive(Deserialize, JsonSchema)]
pub struct CreateAsk {
    /// A county, or a township that works alone.
    pub role: OfficeRole,
    /// Official name.
    pub name: String,
    /// Administrative code.
    pub code: String,
    /// The first clerk's own name.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
}

/// A founded office.
#[derive(Serialize, JsonSchema)]
pub struct Created {
    /// Its id.
    pub office: String,
    /// Fingerprint of this PC's key.
    pub device: String,
    /// Fingerprint of the county root, to be compared by telephone; of the device while alone.
    pub fingerprint: String,
    /// Three shares of the county root, any two of which rebuild it. They wait, sealed, until `kit.put_away`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<Vec<String>>,
}

/// A packet on this PC or just uploaded.
#[derive(Deserialize, JsonSchema)]
pub struct PacketAsk {
    /// A file.
    #[serde(default)]
    pub path: Option<String>,
    /// A file just uploaded; the station puts its path in the place of this.
    #[serde(default)]
    pub upload: Option<String>,
}

/// Joining a county with an enrolment packet.
#[derive(Deserialize, JsonSchema)]
pub struct EnrolAsk {
    /// The packet.
    pub packet: PacketAsk,
    /// The code told by telephone.
    pub code: String,
    /// The first clerk's own name.
    pub clerk: String,
    /// The clerk's passphrase.
    pub passphrase: String,
}

/// Unlocking.
#[derive(Deserialize, JsonSchema)]
pub struct UnlockAsk {
    /// Id or name of the clerk.
    pub clerk: String,
    /// Passphrase.
    pub passphrase: String,
}

/// Settings of this PC.
#[derive(Deserialize, JsonSchema)]
pub struct SettingsAsk {
    /// Of the window.
    #[serde(default)]
    pub language: Option<Language>,
    /// Large type.
    #[serde(default)]
    pub large_type: Option<bool>,
    /// Whether data are sent and fetched while the office is locked.
    #[serde(default)]
    pub carry: Option<bool>,
}

/// A further clerk.
#[derive(Deserialize, JsonSchema)]
pub struct AddClerkAsk {
    /// The clerk's own name.
    pub name: String,
    /// First passphrase; the clerk changes it.
    pub passphrase: String,
    /// Roles.
    pub roles: Vec<Role>,
}

/// Lists the commands that work on the folder instead of the unlocked office, for the catalogue of commands. They run in
/// [`Station::call`]; what stands here are their names, roles and shapes.
pub(crate) fn stage_commands(registry: &mut Registry) {
    fn at_station<A, B>(_: &niangjia_core::office::View<'_>, _: A) -> Result<B, Fault> {
        Err(Fault::question("a command of the station"))
    }
    registry.query("app.state", Role::Viewer, at_station::<Nothing, AppState>);
    registry.query("app.create", Role::Viewer, at_station::<CreateAsk, Created>);
    registry.query("app.join", Role::Viewer, at_station::<EnrolAsk, Created>);
    registry.query("app.recover", Role::Viewer, at_station::<super::recovering::RecoverAsk, Created>);
    registry.query("app.unlock", Role::Viewer, at_station::<UnlockAsk, AppState>);
    registry.query("app.restore", Role::Viewer, at_station::<RestoreAsk, RestoreAnswer>);
    registry.query("app.lock", Role::Viewer, at_station::<Nothing, AppState>);
    registry.query("app.passphrase", Role::Viewer, at_station::<PassphraseAsk, ClerkState>);
    registry.query("app.settings", Role::Viewer, at_station::<SettingsAsk, AppState>);
    registry.query("carry.now", Role::Viewer, at_station::<Nothing, CarryState>);
    registry.query("clerks.add", Role::SecurityAdmin, at_station::<AddClerkAsk, ClerkState>);
    registry.query("files.offer", Role::Viewer, at_station::<OfferAsk, Offered>);
    registry.query("files.save", Role::Viewer, at_station::<SaveFileAsk, SavedFile>);
    registry.query("hub.claim", Role::SystemAdmin, at_station::<crate::sync::ClaimAsk, crate::sync::ClaimAnswer>);
    registry.query(
        "packets.export",
        Role::Clerk,
        at_station::<crate::packets::ExportAsk, crate::packets::ExportAnswer>,
    );
    registry.query(
        "packets.import",
        Role::Clerk,
        at_station::<crate::packets::ImportAsk, crate::packets::ImportAnswer>,
    );
    registry.query(
        "office.enrol",
        Role::SystemAdmin,
        at_station::<super::joining::JoinWithAsk, super::joining::Joined>,
    );
    registry.query("codes.read", Role::Viewer, at_station::<crate::codes::ReadAsk, crate::codes::ReadCodes>);
    registry.query("codes.draw", Role::Viewer, at_station::<crate::codes::DrawAsk, crate::codes::Drawn>);
    crate::paper::commands(registry);
    registry.query("kit.find", Role::Viewer, at_station::<Nothing, super::kit::KitPlace>);
    registry.query("kit.show", Role::SystemAdmin, at_station::<super::kit::KitAsk, super::kit::KitSheets>);
    registry.query("kit.put_away", Role::SystemAdmin, at_station::<Nothing, super::kit::KitPlace>);
    registry.query("packets.sticks", Role::Clerk, at_station::<Nothing, crate::packets::SticksAnswer>);
    registry.query(
        "records.attach",
        Role::Clerk,
        at_station::<niangjia_core::blobs::AttachAsk, niangjia_core::records::Saved>,
    );
    registry.query("snapshots.list", Role::Viewer, at_station::<Nothing, SnapshotsAnswer>);
    registry.query("snapshots.make", Role::Clerk, at_station::<Nothing, SnapshotsAnswer>);
    registry.query("snapshots.test", Role::Clerk, at_station::<crate::testing::TestAsk, SnapshotsAnswer>);
    registry.query("sync.now", Role::Clerk, at_station::<Nothing, crate::sync::SyncAnswer>);
    registry.query("sync.check", Role::Clerk, at_station::<Nothing, crate::sync::Compared>);
    registry.query("tables.rebuild", Role::SystemAdmin, at_station::<Nothing, Rebuilt>);
}

/// A new passphrase for the clerk who works here.
#[derive(Deserialize, JsonSchema)]
pub struct PassphraseAsk {
    /// The present one.
    pub old: String,
    /// The new one.
    pub new: String,
}

/// A file that would come in.
#[derive(Deserialize, JsonSchema)]
pub struct OfferAsk {
    /// Its size.
    pub bytes: u64,
}

/// It may come.
#[derive(Serialize, JsonSchema)]
pub struct Offered {
    /// The largest that may come, in bytes.
    pub largest: u64,
}

/// A file for the clerk.
#[derive(Deserialize, JsonSchema)]
pub struct SaveFileAsk {
    /// Suggested name.
    pub name: String,
    /// Its content.
    #[serde(default)]
    pub base64: Option<String>,
    /// Or a report that the office wrote, by the last part of its path.
    #[serde(default)]
    pub report: Option<String>,
    /// The stick onto which it goes, a path of `packets.sticks`; the folder of downloads where it is absent.
    #[serde(default)]
    pub stick: Option<String>,
}

/// A file that was written.
#[derive(Serialize, JsonSchema)]
pub struct SavedFile {
    /// Where it lies.
    pub path: String,
}

/// A rebuild of the tables.
#[derive(Serialize, JsonSchema)]
pub struct Rebuilt {
    /// Changes replayed.
    pub changes: u64,
}
