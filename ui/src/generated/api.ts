// Made from the core's command list by `cargo xtask types`. Never edited by hand.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Accepting what a PC wrote that is shut out. */
export interface AcceptAsk {
  /** Its id. */
  device: string
  /** The last segment that is accepted, as `devices.quarantine` names it, with all before it in its chain; everything that has come where absent. */
  up_to?: string | null
}

/** Who is taken in, and on what. */
export interface AcceptAsk2 {
  /** Text of the slip's code. */
  slip?: string | null
  /** A transfer that is known here: a release that was heard of, or one's own request. */
  transfer?: string | null
  /** Where there is neither: id, code or name of the office of the county whose card was shown. */
  from?: string | null
  /** Or name of the union outside the county whose letter was brought. */
  from_outside?: string | null
  /** Number of that letter. */
  number?: string | null
  /** ID number, as it stands on the document that was shown. */
  id_no: string
  /** Card number, where a card was shown. */
  card_number?: string | null
  /** The form's fields: name where no slip gives it, employer, department, whatever else is known. */
  fields?: Record<string, Json>
  /** When; today where absent. */
  on?: string | null
  /** The line of the register of floating members from which the clerk came; it ends with this. */
  stay?: string | null
}

/** Taken in. */
export interface Accepted {
  /** Id of the member. */
  member: string
  /** Id of the transfer; none for somebody from outside the county. */
  transfer?: string | null
}

/** A further clerk. */
export interface AddClerkAsk {
  /** The clerk's own name. */
  name: string
  /** First passphrase; the clerk changes it. */
  passphrase: string
  /** Roles. */
  roles: Role[]
}

/** Somebody for whom a packet can be made. */
export interface AddresseeLine {
  /** What `packets.export` takes as `to`. */
  to: string
  /** Name. */
  name: Say
  /** Changes that the next packet would bring, as far as is known here. */
  changes: number
  /** About how many bytes it would have. */
  bytes: number
  /** Numbers of packets from there that never came here. */
  missing: number[]
}

/** A member now. */
export interface Admitted {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
}

/** Which request is answered. */
export interface AnswerAsk {
  /** Id of the request. */
  request: string
  /** How many instead of what was asked for. */
  count?: number | null
}

/** An answer of the county, as one entry sees it. */
export interface AnswerLine {
  /** Id of the answer. */
  id: string
  /** The entry that is here; at the county the one that steps back, or the first. */
  entry: string
  /** Its name. */
  title: string
  /** What tells two of one name apart. */
  detail: string
  /** The office that has it. */
  own: string
  /** The office that has the other entry. */
  office: string
  /** `same`, `different`, or `open` where the county took an answer back. */
  verdict: string
  /** Of one person: whether the entry that is here counts. */
  counted_here: boolean
  /** On what grounds. */
  reason: string
  /** Day. */
  on: string
  /** Read by this office; at the county by both. */
  heard: boolean
}

/** Where the program stands. */
export interface AppState {
  /** How far. */
  stage: Stage
  /** The office, once there is one. */
  office?: OfficeState | null
  /** Who works here, while unlocked. */
  clerk?: ClerkState | null
  /** Who can unlock. */
  clerks: ClerkState[]
  /** Of the window. */
  language: Language
  /** Large type. */
  large_type: boolean
  /** Version of the program. */
  version: string
  /** Whether a browser shows the window. */
  browser: boolean
  /** Room on the disk. */
  disk: DiskState
  /** What is wrong with the data file, where something is; nothing is written then. */
  trouble?: Trouble | null
  /** While locked: what is on its way out and in. */
  carry?: CarryState | null
  /** Whether data are sent and fetched while the office is locked. */
  carries: boolean
}

/** What happened to which applications. */
export interface ApplicationsChangeAsk {
  /** Their ids, 5,000 at the most. */
  ids: string[]
  /** `group_ok`, `rejected`, `withdrawn`. */
  event: string
  /** When. */
  on: string
  /** The group's opinion; why it was rejected or taken back, which has to be said. */
  reason?: string | null
  /** Document. */
  document?: string | null
}

/** What came of it. */
export interface ApplicationsChanged {
  /** To how many it happened. */
  changed: number
  /** Those to which it cannot have happened, and why. */
  refused: NotDecided[]
}

/** Who applies. */
export interface ApplyAsk {
  /** A draft of before. */
  id?: string | null
  /** Token of the read, with `id`. */
  token?: string | null
  /** The form's fields. */
  fields?: Record<string, Json>
}

/** Who is admitted. */
export interface ApproveAsk {
  /** Ids of applications. */
  ids?: string[]
  /** Ids of persons who were entered and not admitted. */
  members?: string[]
  /** Instead of both: all who wait, as far as they are asked for. */
  waiting?: WaitingAsk | null
  /** Day of approval; from its month dues run. */
  on: string
  /** Examined: may join. */
  eligible?: boolean
  /** Examined: wants to. */
  voluntary?: boolean
  /** Examined: the papers are in order. */
  papers?: boolean
  /** Resolution, minutes. */
  document?: string | null
  /** Remark, such as the ceremony at which they joined. */
  reason?: string | null
}

/** What came of it. */
export interface Approved {
  /** How many were admitted. */
  approved: number
  /** The members, 50 at the most. */
  members: Admitted[]
  /** Those who were not, and why. */
  refused: NotDecided[]
  /** First month of dues, `YYYY-MM`: to be told to them. */
  dues_from: string
}

/** Somebody is asked for. */
export interface AskAsk {
  /** Id, code or full name of the office that is to let go. */
  from: string
  /** Name of the member. */
  name: string
  /** ID number. */
  id_no: string
  /** Card number. */
  card_number?: string | null
  /** Why, a code of `transfer_reason`. */
  reason: string
  /** What else there is to say. */
  note?: string | null
}

/** A picture for a field of a record. */
export interface AttachAsk {
  /** Which ledger, such as `members`. */
  kind: string
  /** The record. */
  id: string
  /** The token of the read. */
  token: string
  /** The field, such as `photo`. */
  field: string
  /** A file on this PC. */
  path?: string | null
  /** A file just uploaded; the station puts its path in the place of this. */
  upload?: string | null
}

/** One line of the audit. */
export interface AuditLine {
  /** Milliseconds since 1970. */
  at: number
  /** Who. */
  author: string
  /** Which command. */
  command: string
  /** On which type of record. */
  kind?: string | null
  /** On how many records. */
  count: number
  /** Reason given. */
  reason?: string | null
  /** What it means, where the program noted it for itself. */
  noted?: Say | null
}

/** The audit's page. */
export interface AuditPage {
  /** Lines in all. */
  total: number
  /** Newest first. */
  entries: AuditLine[]
}

/** An import that was taken in. */
export interface BatchLine {
  /** Its id. */
  id: string
  /** When, milliseconds since 1970. */
  at: number
  /** Who took it in. */
  author: string
  /** Name of the file. */
  sheet: string
  /** People that it made or changed. */
  accepted: number
  /** Whether it was undone. */
  undone: boolean
}

/** Imports, newest first. */
export interface Batches {
  /** The imports. */
  batches: BatchLine[]
}

/** What went over the slow lane, and what still waits. */
export interface BlobsMoved {
  /** Pictures that are whole at the hub now. */
  sent: number
  /** Pictures that are whole here now. */
  received: number
  /** Sealed bytes in both directions. */
  bytes: number
  /** What waits after it. */
  waiting: BlobsWaiting
  /** Why it ended before it was done, where it did; the next exchange goes on. */
  stopped?: Say | null
}

/** How many blobs wait, for the status line. */
export interface BlobsWaiting {
  /** Held here, and not known to be at the hub (or, where there is none, at the county). */
  unsent: number
  /** Named by a record, and not here yet. */
  wanted: number
}

/** A window of the register. */
export interface Book {
  /** How many in all. */
  total: number
  /** Fifty at the most: those first who should be gone or back, then the latest. */
  rows: BookLine[]
  /** Here now, whatever was asked. */
  here: number
  /** Of our own members away now. */
  away: number
  /** Of both, whose expected day has passed. */
  overdue: number
  /** Unions of the county, for whoever enters by hand. */
  unions: string[]
}

/** Which lines. */
export interface BookAsk {
  /** `here`, `away`, `overdue`, `over`, or all. */
  which?: string | null
  /** Part of a name, a place, an employer, or a number. */
  text?: string | null
  /** Only this one. */
  id?: string | null
  /** First row. */
  offset?: number
}

/** One line. */
export interface BookLine {
  /** Its id. */
  id: string
  /** `in` or `out`. */
  direction: string
  /** Name. */
  name: string
  /** ID number, masked, or its end. */
  id_no?: string | null
  /** Card number. */
  card_number?: string | null
  /** Phone, masked. */
  mobile?: string | null
  /** The union that holds the membership. */
  home_union?: string | null
  /** Whether that is a union of this county, which can be asked to let go: its id. */
  home_office?: string | null
  /** From or to. */
  place?: string | null
  /** Employer there. */
  employer?: string | null
  /** Since. */
  since?: string | null
  /** Expected until. */
  until?: string | null
  /** Days since that day passed. */
  overdue_days?: number | null
  /** The day on which it ended. */
  ended_on?: string | null
  /** Code of `stay_state`. */
  state: string
  /** The same in words, as one says it of somebody who came, or went. */
  said: Say
  /** How it was checked, and what the card said, with the day of the list. */
  checked: Say
  /** What the card said is in doubt. */
  doubtful: boolean
  /** Two PCs recorded different ends. */
  contested: boolean
  /** Somebody of that card or ID number is entered as here on another line too. */
  twice: boolean
  /** The member: our own, or who was taken in. */
  member?: string | null
  /** Which union entered it, where that is another one. */
  office?: string | null
  /** Who entered it. */
  clerk: string
  /** What can be done: `end`, `take_in`, `resume`, `again`. */
  possible: string[]
}

/** The file. */
export interface Bundle {
  /** Suggested file name; bears the number of the letter and no name. */
  file: string
  /** The file, base64. */
  bundle: string
}

/** Whose file, and for whom. */
export interface BundleAsk {
  /** Id of the transfer. */
  id: string
  /** Id, code or name of the office that takes in; needed where the slip names none. */
  to?: string | null
}

/** What a packet brought. */
export interface Came {
  /** Segments that were new. */
  segments: number
  /** Changes that were new. */
  changes: number
  /** Segments that were here already. */
  had: number
  /** Segments kept aside because they cannot be used. */
  quarantined: number
  /** Segments that wait for an earlier one. */
  waiting: number
  /** Pictures that are whole now. */
  blobs: number
}

/** What this PC can say of it. */
export interface CardAnswer {
  /** `valid`, `valid_as_of`, `suspended`, `transferred`, `revoked`, `expired`, `unknown_issuer`, `bad_signature`, `clock_suspicious`, `not_ours`; for a number that was typed `known`, `leased`, `unknown`. */
  answer: string
  /** `good`, `doubtful` or `bad`. */
  tone: string
  /** What it means and what to do. */
  say: Say
  /** What the card says, where somebody who is trusted has signed it. */
  card?: ShownCard | null
  /** Name of the office that issued it, or to which its number was leased. */
  office?: string | null
  /** The day of the county's list. */
  list_of?: string | null
  /** The card in the ledger of this PC. */
  here?: CardHere | null
}

/** One batch. */
export interface CardBatch {
  /** Its name. */
  name: string
  /** Cards that wait for the printer. */
  ordered: number
  /** Printed, and with the office. */
  printed: number
  /** With their members. */
  held: number
}

/** The batches of this office. */
export interface CardBatches {
  /** Newest first, 50 at the most. */
  batches: CardBatch[]
}

/** How cards lie on paper. */
export type CardForm = 'front' | 'back' | 'sheet' | 'sheet_front' | 'sheet_back'

/** A card of the own ledger. */
export interface CardHere {
  /** Its id. */
  id: string
  /** Id of the member. */
  member?: string | null
  /** Name of the member. */
  name: string
  /** How it stands, in words. */
  state: Say
}

/** What happened to which cards. */
export interface CardsChangeAsk {
  /** Ids of the cards, 5,000 at the most. */
  ids: string[]
  /** `printed`, `handed_out`, `lost`, `found`, `taken_back`, `spoiled`. */
  event: string
  /** When; today where absent. */
  on?: string | null
  /** Why: needed where a card is lost, taken back, spoilt, or printed again. */
  reason?: string | null
  /** Document: number of the signature list, the report of the loss. */
  document?: string | null
}

/** What came of it. */
export interface CardsChanged {
  /** How many cards it happened to. */
  changed: number
  /** Cards to which it cannot have happened, and why. */
  refused: NotChanged[]
}

/** Which cards are drawn. */
export interface CardsPaperAsk {
  /** Ids of the cards, 500 at the most. */
  ids?: string[]
  /** Instead of them: those of a batch that are not printed yet. */
  batch?: string | null
  /** With a batch: those that were printed before, too. */
  again?: boolean
  /** How. */
  form: CardForm
  /** Whether the stock is printed already, and only what differs is drawn. */
  preprinted?: boolean
  /** Why they are printed again, where they are. */
  reason?: string | null
}

/** How a locked office stands towards its hub. */
export interface CarryState {
  /** Changes written on this PC that the hub does not hold yet. */
  unsent: number
  /** Those of them that are sent only once the office is unlocked. */
  later: number
  /** Changes that came since the office was locked; they take effect when it is unlocked. */
  received: number
  /** Sealed bytes of them. */
  inbox_bytes: number
  /** So many may lie there. */
  inbox_most: number
  /** No more fits: the rest comes when the office is unlocked. */
  full: boolean
  /** The county has shut out this PC: nothing is sent or fetched any more. */
  shut_out: boolean
  /** When the last exchange of the locked office ended well, milliseconds since 1970. */
  last?: number | null
  /** All this in a sentence. */
  say: Say
}

/** Everything a form or list needs to draw itself. */
export interface Catalogue {
  /** Record types by identifier. */
  records: Record<string, RecordDescription>
  /** Code lists by name. */
  codes: Record<string, CodeDescription[]>
  /** Roles a clerk can have. */
  roles: RoleDescription[]
  /** Events by name. */
  events: Record<string, Say>
}

/** What changes in a membership. */
export interface ChangeAsk {
  /** The member. */
  id: string
  /** `retained`, `restored`, `left`, `expelled`, `deceased`, `moved_out`; `talked`, which changes nothing but is told of. */
  event: string
  /** Day of the decision. */
  on: string
  /** Why, a code or words. */
  reason: string
  /** Document; an expulsion and a deemed leaving need the decision. */
  document?: string | null
  /** Of `left`, a code of `left_kind` (`voluntary` where absent); of `retained`, a code of `retained_reason`. */
  kind?: string | null
  /** First month without dues, `YYYY-MM`; the one after the day where absent. */
  dues_stop?: string | null
}

/** What a check found. */
export interface Checked {
  /** What would refuse the save. */
  faults: FieldFault[]
  /** What would be told. */
  notices: Notice[]
  /** Fields filled from others, such as the birth date from the ID number. */
  filled: Record<string, Json>
}

/** Where a stream's log begins. */
export interface CheckpointLine {
  /** The stream. */
  stream: string
  /** Bytes of the newest checkpoint that was made here or that the log stands on; 0 where there is none. */
  bytes: number
  /** Its parts. */
  parts: number
  /** Made on this PC. */
  own: boolean
  /** The log stands on it: older segments are not on this PC. */
  stands: boolean
  /** Segments of the log that lie here. */
  segments: number
  /** Bytes of these. */
  log: number
}

/** Every stream of this office. */
export interface Checkpoints {
  /** The streams. */
  streams: CheckpointLine[]
}

/** A claimed hub. */
export interface ClaimAnswer {
  /** The hub's address. */
  url: string
}

/** The hub that a county claims. */
export interface ClaimAsk {
  /** `https://HOST:PORT`. */
  url: string
  /** The hub's public key, as `init` printed it. */
  key: string
  /** The one-time claim, as `init` printed it. */
  claim: string
}

/** What becomes of a row. */
export type Class = 'new' | 'same' | 'differs' | 'rejected' | 'warned'

/** Rows of a sheet by class. */
export interface Classes {
  /** Not in the store. */
  new: number
  /** In the store, and equal. */
  same: number
  /** In the store, and different. */
  differs: number
  /** Cannot be taken. */
  rejected: number
  /** Are taken, but should be looked at. */
  warned: number
}

/** A clerk as lists show one. */
export interface ClerkLine {
  /** Record id. */
  id: string
  /** Name. */
  name: string
  /** Keys of the roles. */
  roles: Role[]
  /** Names of the roles. */
  roles_said: Say[]
}

/** A clerk. */
export interface ClerkState {
  /** Record id. */
  id: string
  /** Name. */
  name: string
  /** Keys of the roles; empty while locked. */
  roles: string[]
}

/** The clerks of this office. */
export interface Clerks {
  /** In the order in which they came. */
  clerks: ClerkLine[]
}

/** One permitted value. */
export interface CodeDescription {
  /** What is stored. */
  code: string
  /** Official label. */
  zh: string
  /** English label. */
  en: string
}

/** A column of the sheet. */
export interface ColumnLine {
  /** Heading. */
  header: string
  /** Field that it fills; absent where it is not known. */
  field?: string | null
}

/** What a comparison to the byte found. */
export interface Compared {
  /** Both sides hold the same changes. */
  in_step: boolean
  /** What was amiss, and what became of it; `None` where nothing was. */
  repair?: Repair | null
}

/** One of several values. */
export interface ConflictSide {
  /** Names it to `settle` and `reveal`; the same on every PC. */
  version: string
  /** Values by field. */
  values: Record<string, Json>
  /** Shown texts by field. */
  shown_values: Record<string, Say>
  /** Who wrote it. */
  author: string
  /** When, milliseconds since 1970. */
  at: number
  /** The office at which it was written, where it is known here. */
  office?: Say | null
  /** What the PC is called at which it was written, where somebody named it. */
  device?: string | null
  /** What stood there when it was written, as text; nothing for the first entry. */
  saw: Record<string, Say>
  /** Whether lists show this one. */
  shown: boolean
}

/** Whose last change was a slip. */
export interface CorrectAsk {
  /** The member. */
  id: string
  /** The change as the clerk saw it, so that another one that came meanwhile is not taken for it. */
  event: string
  /** What was wrong. */
  reason: string
  /** Document. */
  document?: string | null
}

/** Counts of the ledgers; members as statistics count them. */
export interface Counts {
  /** Members with an active membership. */
  members: number
  /** Enterprises. */
  enterprises: number
  /** Union organisations. */
  organisations: number
}

/** A new office. */
export interface CreateAsk {
  /** A county, or a township that works alone. */
  role: OfficeRole
  /** Official name. */
  name: string
  /** Administrative code. */
  code: string
  /** The first clerk's own name. */
  clerk: string
  /** The clerk's passphrase. */
  passphrase: string
}

/** A founded office. */
export interface Created {
  /** Its id. */
  office: string
  /** Fingerprint of this PC's key. */
  device: string
  /** Fingerprint of the county root, to be compared by telephone; of the device while alone. */
  fingerprint: string
  /** Three shares of the county root, any two of which rebuild it. They wait, sealed, until `kit.put_away`. */
  shares?: string[] | null
}

/** What the county decides. */
export interface DecideAsk {
  /** Id of the transfer. */
  id: string
  /** Id, code or name of the office that holds the membership from now on. */
  office: string
  /** Why. */
  reason: string
}

/** A record's page. */
export interface Detail {
  /** Record id. */
  id: string
  /** Record type. */
  kind: string
  /** Title. */
  title: string
  /** To be handed back on save. */
  token: string
  /** Values; sensitive ones masked. */
  fields: Record<string, Json>
  /** Shown texts. */
  shown: Record<string, Say>
  /** Where it stands. */
  standing: Standing
  /** Fields with several values. */
  conflicts: FieldConflict[]
  /** What needs a look. */
  attention: Notice[]
  /** What follows from it. */
  derived: Record<string, Json>
  /** State that follows from the events. */
  state?: string | null
  /** Its events in order. */
  events: EventLine[]
  /** Whether it is void. */
  void: boolean
  /** Office that holds it; of what went elsewhere the one that the county said, or nothing where that office is not known here. */
  office: string
}

/** Inviting a further PC. */
export interface DeviceAsk {
  /** What it is to be called, such as where it stands; counted where absent. */
  name?: string | null
  /** Id, code or full name of another office, of which the county lets in a PC; the own office where absent. */
  office?: string | null
}

/** The packet of a further PC and the code that opens it. */
export interface DeviceInvitation {
  /** To be told by telephone or face to face, never kept beside the packet. */
  code: string
  /** The packet, base64. */
  packet: string
  /** Suggested file name. */
  file: string
  /** What the PC is called. */
  name: string
}

/** One PC. */
export interface DeviceLine {
  /** Its id. */
  id: string
  /** What it is called, where somebody said so. */
  name?: string | null
  /** Fingerprint of its key, as the PC itself shows it. */
  fingerprint: string
  /** Name of its office. */
  office?: string | null
  /** Whether it is this PC. */
  this: boolean
  /** Its first act that has come here, by its own clock, milliseconds since 1970. */
  since?: number | null
  /** Its last act that has come here. */
  heard?: number | null
  /** The packet with which it joined was used by another PC too, and nobody has named it since. */
  flagged: boolean
  /** Why the county has shut it out: what it wrote since stands in quarantine, and the hub does not answer it. */
  revoked?: Say | null
  /** What that means and what to do. */
  say?: Say | null
}

/** The PCs of this office; at the county those of all. */
export interface Devices {
  /** This PC first, then by office and first sign of life. */
  devices: DeviceLine[]
  /** Invited, and not heard of yet. */
  invited: InvitedLine[]
  /** Whether this PC has the county's issuing key: only there PCs are shut out and keys changed. */
  registrar: boolean
  /** After a PC was shut out or an invitation taken back: what was fetched before that; filled in by the host. */
  fetched?: Fetched | null
}

/** A field in which sheet and store differ. */
export interface Difference {
  /** Field. */
  field: string
  /** What the store has. */
  old: Say
  /** What the sheet has. */
  new: Say
}

/** Room on the disk, for the window. */
export interface DiskState {
  /** Free bytes; absent where the system does not say. */
  free_bytes?: number | null
  /** What that means. */
  state: Space
}

/** Done. */
export interface Done {
  /** Whether something was there. */
  done: boolean
}

/** A draft. */
export interface Draft {
  /** Chosen by the form; the same key replaces the draft. */
  key: string
  /** Record type. */
  kind: string
  /** The record, where one is being edited. */
  id?: string | null
  /** Token of the read. */
  token?: string | null
  /** What was typed. */
  fields: Record<string, Json>
  /** When, milliseconds since 1970. */
  at?: number
}

/** Drafts, newest first. */
export interface Drafts {
  /** The drafts. */
  drafts: Draft[]
}

/** What is drawn. */
export interface DrawAsk {
  /** The text of the code, at most some 300 characters. */
  text: string
}

/** A drawing. */
export interface Drawn {
  /** SVG with modules of half a millimetre and the quiet zone around. */
  svg: string
}

/** Which draft. */
export interface DropAsk {
  /** Its key. */
  key: string
}

/** A pair. */
export interface DuplicateRow {
  /** `same_id`, `likely` or `possible`; nothing where the entries are not alike any more. */
  level?: string | null
  /** `open`; `looked_at`; `contradicted`, where it was said both that they are one person and that they are two; `disputed`, where two PCs of the county answered differently; `counted_gone`, where the entry that counts is no membership any more. */
  state: string
  /** What that means and what to do, where it is not `open`. */
  say?: Say | null
  /** Why. */
  reasons: ReasonLine[]
  /** Both are memberships now: the person is counted twice. */
  both: boolean
  /** They were merged; taken apart by deciding that they are two. */
  linked: boolean
  /** The two entries. */
  sides: DuplicateSide[]
  /** Fields in which they differ, also where a mask hides it. */
  differs: string[]
  /** What was said of them before. */
  said: SaidLine[]
}

/** One of the two. */
export interface DuplicateSide {
  /** As lists show it. */
  row: Row
  /** The office that has it. */
  office: string
}

/** Pairs that may be one person. */
export interface Duplicates {
  /** Pairs that wait for a person. */
  open: number
  /** Pairs of which somebody has said that they are two persons. */
  looked_at: number
  /** Rows of the list that was asked for. */
  total: number
  /** The window, what needs a decision most first. */
  rows: DuplicateRow[]
  /** What the county has answered on entries of this office; at the county what it has answered. Newest first. */
  answers: AnswerLine[]
  /** Whether this PC answers for two offices. */
  county: boolean
}

/** Which of them. */
export interface DuplicatesAsk {
  /** `open`, the default, or `looked_at`: of whom somebody has said that they are two persons. */
  which?: string | null
  /** First row. */
  offset?: number
  /** Rows, 50 at the most; none where only the numbers are wanted. */
  limit?: number | null
}

/** Joining a county with an enrolment packet. */
export interface EnrolAsk {
  /** The packet. */
  packet: PacketAsk
  /** The code told by telephone. */
  code: string
  /** The first clerk's own name. */
  clerk: string
  /** The clerk's passphrase. */
  passphrase: string
}

/** A card that its member has already. */
export interface EnterAsk {
  /** Id of the member. */
  member: string
  /** The number on the card. */
  number: string
  /** Code of `card_kind`; the paper one where absent. */
  kind?: string | null
  /** Day of issue, as it stands on the card. */
  issued_on?: string | null
  /** Whether it is entered although another card bears the number: two were given out under it. */
  twice?: boolean
}

/** One entry of a history. */
export interface Entry {
  /** When, milliseconds since 1970. */
  at: number
  /** Who. */
  author: string
  /** Where the change stands. */
  standing: Mark
  /** What changed. */
  changes: FieldChange[]
  /** The event, where it was one. */
  event?: string | null
  /** Whether this made the record. */
  made: boolean
}

/** One event of a record. */
export interface EventLine {
  /** Name. */
  name: string
  /** What was entered with it. */
  detail: Record<string, Json>
  /** Who. */
  author: string
  /** When, milliseconds since 1970. */
  at: number
}

/** A packet that was made. */
export interface ExportAnswer {
  /** Its number; counts for each addressee. */
  number: number
  /** Name of the addressee. */
  to: Say
  /** Its files, in the order of its parts. */
  files: string[]
  /** Segments in it; none in one that only carries receipts. */
  segments: number
  /** Changes in it. */
  changes: number
  /** Pictures in it. */
  pictures: number
  /** Bytes of its files. */
  bytes: number
}

/** A packet to be made. */
export interface ExportAsk {
  /** `county`, `device` (another PC of this office), or an office by id, code or full name. */
  to: string
  /** A file that does not exist yet, or a folder, where the packet gets a name of its own. Where it is absent, the folder in which this person keeps downloads. */
  path?: string | null
  /** Bytes after which a further part begins, 4 KiB to 4 GiB less one; 64 MiB where it is absent. */
  part_bytes?: number | null
  /** Instead of `path`: the files are kept where a browser fetches them by the last part of their names. */
  download?: boolean
  /** Everything that the addressee may read, also what it is known to have: for a county that is founded again. */
  whole?: boolean
  /** Leaves pictures out; they wait for the line or for another packet. */
  without_pictures?: boolean
  /** Bytes of pictures at the most, the smallest first; all of them where it is absent. */
  picture_bytes?: number | null
}

/** One of them. */
export interface ExpulsionRow {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
  /** What tells two of one name apart. */
  detail: string
  /** The office that decided. */
  office: string
  /** Day of the decision. */
  on: string
  /** Why. */
  reason: string
  /** The decision. */
  document: string
  /** Day on which the county took it on record. */
  taken_on?: string | null
}

/** Expulsions that were decided here or, at the county, anywhere in it. */
export interface Expulsions {
  /** Those that the county has not taken on record, oldest first. */
  waiting: ExpulsionRow[]
  /** Those that it has, latest first; 200 at the most. */
  taken: ExpulsionRow[]
  /** Whether it is this office that takes them on record. */
  takes: boolean
}

/** Whether everything that a PC had reported was fetched before it was shut out: what comes later is kept apart. */
export interface Fetched {
  /** Whether it was. */
  done: boolean
  /** What that means. */
  say: Say
}

/** One field of a history entry. */
export interface FieldChange {
  /** Field. */
  field: string
  /** What stood there. */
  old: Say
  /** What was written. */
  new: Say
}

/** Several values of one register. */
export interface FieldConflict {
  /** The fields of the register. */
  fields: string[]
  /** The values beside each other; the shown one first. */
  sides: ConflictSide[]
}

/** A field. */
export interface FieldDescription {
  /** Identifier. */
  name: string
  /** Chinese label. */
  zh: string
  /** English label. */
  en: string
  /** Kind. */
  kind: string
  /** Code list, for a code. */
  codes?: string | null
  /** Record type, for a link. */
  link?: string | null
  /** Must be filled. */
  required: boolean
  /** Shown masked. */
  sensitive: boolean
  /** Fields of one register are replaced together. */
  register: string
  /** Part of the form. */
  section: string
  /** Column of the list by default. */
  listed: boolean
  /** A day on which something comes due; lists can be asked for it. */
  due: boolean
}

/** One field and the sentence that belongs beside it. */
export interface FieldFault {
  /** Name of the field, as in the record type. */
  field: string
  /** Stable key, such as `id_check_digit`. */
  key: string
  /** The sentence for the clerk. */
  say: Say
}

/** A packet that lies there. */
export interface Found {
  /** One of its files; what `packets.import` takes as `path`. */
  path: string
  /** The place in which it lies. */
  place: Say
  /** Name of the office that made it. */
  from: Say
  /** Its number. */
  number: number
  /** When it was made, by the maker's clock, milliseconds since 1970. */
  made: number
  /** Of how many parts it is. */
  parts: number
  /** How many of them lie there and have not come yet. */
  new_parts: number
  /** Bytes of those. */
  bytes: number
}

/** Which record. */
export interface GetAsk {
  /** Record id. */
  id: string
}

/** For which batch members sign. */
export interface HandoutsAsk {
  /** The batch. */
  batch: string
  /** Those who have their card already, too. */
  again?: boolean
  /** Why it is printed again, where it is. */
  reason?: string | null
}

/** Which answer was read. */
export interface HeardAsk {
  /** Its id. */
  id: string
}

/** A record's history, newest first. */
export interface HistoryPage {
  /** Entries. */
  entries: Entry[]
  /** Where values of before are not on this PC: what is shown in their place. */
  note?: Say | null
}

/** One hit. */
export interface Hit {
  /** Record type; `draft` for something not yet saved. */
  kind: string
  /** Record id, or the key of the draft. */
  id: string
  /** Title. */
  title: string
  /** What tells it from others of the same name. */
  detail: string
  /** Characters of the title to mark, half-open. */
  mark: [number, number][]
}

/** The home page. */
export interface Home {
  /** Tiles in order. */
  tiles: Tile[]
  /** Plain counts. */
  counts: Counts
}

/** Where the hub is and by which key it is known. */
export interface HubLine {
  /** `https://HOST:PORT`. */
  url: string
  /** Its public key, hexadecimal. */
  key: string
}

/** What was found, and on commit what was done. */
export interface ImportAnswer {
  /** To be handed back for the commit; absent after it. */
  preview?: string | null
  /** Columns of the sheet and the field that each fills. */
  columns: ColumnLine[]
  /** Rows by class. */
  counts: Classes
  /** Rows that are taken in or stand in the store already, and equal. */
  accepted: number
  /** Rows that make or change a person; what an undo takes back. */
  written: number
  /** Rows of people who are here already with other values, which stay as they are. */
  not_taken: number
  /** Rows that cannot be taken. */
  rejected: number
  /** Rejected rows by reason. */
  rejected_by: Record<string, number>
  /** Accepted rows that should be looked at, by reason. */
  warned_by: Record<string, number>
  /** The same sheet with a column of reasons, where a row was not taken or should be looked at. */
  report?: string | null
  /** The batch, for undo; after a commit that wrote something. */
  batch?: string | null
}

/** What was taken in. */
export interface ImportAnswer2 {
  /** Name of the office that made it. */
  from: Say
  /** Id of that office. */
  office: string
  /** Its number. */
  number: number
  /** When it was made, by the maker's clock, milliseconds since 1970. */
  made: number
  /** Of how many parts it is. */
  parts: number
  /** What it brought now. */
  received: Came
  /** Parts that have come, now or before. */
  present: number[]
  /** Parts that have not. */
  missing: number[]
  /** New changes that all its parts have brought so far. */
  changes: number
  /** Earlier packets of the same PC that never came and are not covered by a receipt; at most a hundred are named. */
  missing_numbers: number[]
  /** Whether everything is here now that the maker held and this office may read. */
  complete: boolean
  /** The same in one sentence. */
  say: Say
}

/** What to take in. */
export interface ImportAsk {
  /** A file of this PC. */
  path?: string | null
  /** A file just uploaded; the host puts its path in the place of this. */
  upload?: string | null
  /** A preview made before. */
  preview?: string | null
  /** Takes it in; otherwise only looks. */
  commit?: boolean
  /** Also writes what differs from the store; otherwise people who are here already stay as they are. */
  take_differs?: boolean
}

/** A packet to be taken in. */
export interface ImportAsk2 {
  /** Any of its parts; the others are looked for in the same folder. */
  path?: string | null
  /** A file just uploaded; the station puts its path in the place of this. */
  upload?: string | null
}

/** The packet and the code that opens it. */
export interface Invitation {
  /** To be told by telephone, never sent beside the packet. */
  code: string
  /** The packet, base64. */
  packet: string
  /** Suggested file name; bears the code of the area, no names of people. */
  file: string
  /** The office's id. */
  office: string
}

/** Who is invited. */
export interface InviteAsk {
  /** Official name. */
  name: string
  /** Administrative code. */
  code: string
  /** Code of `org_kind`; guessed from the name where absent. */
  kind?: string | null
  /** Whether it is another office indeed, where one of that name stands in the list. */
  same_name?: boolean
  /** Whether it belongs to the county indeed, where its code does not begin with the county's, as that of some development zones. */
  other_area?: boolean
}

/** A PC that was invited. */
export interface InvitedLine {
  /** Id of the invitation, where it can be taken back: at the registrar. */
  id?: string | null
  /** The office that it is for, where that is another one. */
  office?: string | null
  /** What it is to be called. */
  name: string
  /** Who invited it. */
  by: string
  /** When, milliseconds since 1970. */
  at: number
}

/** Who joins. */
export interface JoinAsk {
  /** A person who is here already, such as one who left and comes back. */
  id?: string | null
  /** Token of the read, with `id`. */
  token?: string | null
  /** The form's fields. */
  fields?: Record<string, Json>
  /** Day of approval; from here dues run. */
  on: string
  /** Why, a code of `membership_change_reason` or words. */
  reason?: string | null
  /** Document: number of the resolution, kind of application. */
  document?: string | null
}

/** Joining a county with everything that was saved alone. */
export interface JoinWithAsk {
  /** The enrolment packet. */
  packet: PacketAsk
  /** The code told by telephone. */
  code: string
}

/** An office that has joined. */
export interface Joined {
  /** Its id in the county. */
  office: string
  /** Fingerprint of the county root, to be compared by telephone. */
  fingerprint: string
  /** Folder in which the file of before is kept. */
  kept_in: string
}

/** When the program prunes by itself. */
export interface KeepAsk {
  /** Days for which a checkpoint has to stand before what lies below it goes; 0: never by itself. */
  days: number
}

/** The choice that stands. */
export interface Keeps {
  /** Days; 0: never by itself. */
  after_days: number
}

/** A record that an undo left alone. */
export interface Kept {
  /** Record id. */
  id: string
  /** Title. */
  title: string
  /** Why. */
  why: Say
}

/** Showing the shares that wait. Whoever has two of them is the county, so the passphrase is asked for once more. */
export interface KitAsk {
  /** The passphrase of the clerk who works here. */
  passphrase: string
}

/** Where shares of the county root lie in the open. */
export interface KitPlace {
  /** The folder; absent where none is known. */
  folder?: string | null
  /** How many shares lie there; after putting them away, how many were erased. */
  files: number
  /** Whether they wait, sealed, to be put on paper; after putting them away, whether they did. */
  waiting: boolean
}

/** The shares, for paper. */
export interface KitSheets {
  /** Full name of the county. */
  office: string
  /** Fingerprint of the county root. */
  fingerprint: string
  /** The hub, once there is one: whoever founds the county again has to bring its address and key. */
  hub?: HubLine | null
  /** Three shares, any two of which rebuild the root. */
  shares: string[]
}

/** A number that is typed. */
export interface KnownAsk {
  /** ID number. */
  id_no: string
}

/** Where it is known. */
export interface KnownAt {
  /** Other unions of the county at which somebody with this number is a member; as a rule none or one. */
  offices: KnownOffice[]
}

/** One of them. */
export interface KnownOffice {
  /** Its id, for `transfers.ask`. */
  id: string
  /** Name. */
  name: string
}

/** Language of the window. */
export type Language = 'zh-CN' | 'en'

/** Why an exchange ended early. */
export interface LastFault {
  /** Stable key. */
  key: string
  /** The sentence for the clerk. */
  say: Say
}

/** One change. */
export interface LateChange {
  /** When it was written, milliseconds since 1970. */
  at: number
  /** Who wrote it. */
  author: string
  /** The event, if it is one. */
  event?: string | null
  /** Fields: what stands here now, and what was written. */
  fields: FieldChange[]
}

/** Late edits. */
export interface LateEdits {
  /** Those that wait first, then the newest. */
  rows: LateLine[]
}

/** One of them. */
export interface LateLine {
  /** Its id. */
  id: string
  /** Name of the member. */
  name: string
  /** Kind of the record. */
  of: string
  /** The record. */
  record: string
  /** The office that wrote it. */
  from: string
  /** `waiting`, `accepted`, `refused`. */
  state: string
  /** Whether this office takes or refuses it. */
  own: boolean
  /** Why it was refused. */
  reason?: string | null
  /** What was written, one entry for each change. */
  changes: LateChange[]
}

/** Which letter. */
export interface LetterAsk {
  /** Id of the transfer. */
  id: string
  /** Why it is printed again, where it is. */
  reason?: string | null
}

/** Which rows of a list. */
export interface ListAsk {
  /** Text as in the search box. */
  text?: string | null
  /** Fields that must hold exactly this value (code, id, yes or no). Besides: `state`; `standing` (`needs_you`); `due`, the days ahead within which something comes due; `office`, the id of the office with which it stands. */
  filter?: Record<string, Json>
  /** `pinyin`, or a field name. */
  sort?: string | null
  /** Last first. */
  descending?: boolean
  /** First row. */
  offset?: number
  /** Rows, 100 at the most. */
  limit?: number | null
}

/** A window of a list. */
export interface Listing {
  /** Rows in all. */
  total: number
  /** The window. */
  rows: Row[]
}

/** Which stream. */
export interface MakeAsk {
  /** The stream; this office's own where none is named. */
  stream?: string | null
}

/** Where a record stands. */
export type Mark = 'needs_you' | 'saved' | 'received' | 'confirmed'

/** Whose form is drawn. */
export interface MemberPaperAsk {
  /** Id of the member. */
  id: string
  /** Why it is printed again, where it is. */
  reason?: string | null
}

/** Two entries that are one person. */
export interface MergeAsk {
  /** The entry that steps back. */
  id: string
  /** The entry that stays. */
  into: string
  /** How it is known that they are one person. */
  reason: string
  /** Although somebody has said that they are two; that is taken back then. */
  despite?: boolean | null
}

/** Who was met. */
export interface MetAsk {
  /** Ids of the members, 5,000 at the most. */
  ids: string[]
  /** The day. */
  on: string
  /** How, a code of `met_how`. */
  how: string
  /** What was heard. */
  note?: string | null
}

/** A kind of lettering without its font. */
export interface MissingFont {
  /** Its name as clerks know it. */
  wanted: string
  /** The font that would be it. */
  family: string
  /** What stands in. */
  instead?: string | null
}

/** A character without a font. */
export interface MissingGlyph {
  /** The character. */
  character: string
  /** Its place in Unicode. */
  code: string
  /** How often it would stand there. */
  count: number
}

/** What went over the line. */
export interface Moved {
  /** Segments. */
  segments: number
  /** Changes in them. */
  changes: number
  /** Bytes of them. */
  bytes: number
}

/** Naming a PC. */
export interface NameAsk {
  /** Its id, as `devices.list` shows it. */
  id: string
  /** What it is called from now on. */
  name: string
}

/** One organisation of the tree. */
export interface Node {
  /** Record id. */
  id: string
  /** Name. */
  title: string
  /** Code of its kind. */
  kind: string
  /** Members that belong to it or to one below it. */
  members: number
  /** Those below it. */
  children: Node[]
}

/** A card that stays as it is. */
export interface NotChanged {
  /** Its id. */
  id: string
  /** Its number. */
  number: string
  /** Why. */
  say: Say
}

/** One that stays as it is. */
export interface NotDecided {
  /** Its id. */
  id: string
  /** Name of the applicant. */
  name: string
  /** Why. */
  say: Say
}

/** A record that is not printed. */
export interface NotOnPaper {
  /** Its id. */
  id: string
  /** Its number or name. */
  title: string
  /** Why. */
  say: Say
}

/** A member without a new card. */
export interface NotOrdered {
  /** Id of the member. */
  member: string
  /** Name of the member. */
  name: string
  /** Why. */
  say: Say
}

/** A member of whom nothing was recorded. */
export interface NotRecorded {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
  /** Why. */
  say: Say
}

/** No question. */
export type Nothing = Record<string, never>

/** Something to tell about a field that does not refuse a save. */
export interface Notice {
  /** Field. */
  field: string
  /** Stable key. */
  key: string
  /** Sentence. */
  say: Say
}

/** A file that would come in. */
export interface OfferAsk {
  /** Its size. */
  bytes: number
}

/** It may come. */
export interface Offered {
  /** The largest that may come, in bytes. */
  largest: number
}

/** One office of the county. */
export interface OfficeLine {
  /** Its id. */
  id: string
  /** Name. */
  name: string
  /** Administrative code. */
  code: string
  /** Name of the office that it went into, where it was given up. */
  into?: string | null
  /** Whether something of it has arrived here. */
  heard: boolean
  /** Whether its invitation can be taken back here: nobody is known to have used it, and this is the registrar. */
  withdrawable: boolean
  /** When its last change here was written, milliseconds since 1970. */
  last_change?: number | null
}

/** A union by name. */
export interface OfficeName {
  /** Its id. */
  id: string
  /** Name. */
  name: string
}

/** What an office is. */
export type OfficeRole = 'county' | 'township'

/** The office. */
export interface OfficeState {
  /** Its id. */
  id: string
  /** Name. */
  name: string
  /** Administrative code. */
  code: string
  /** What it is. */
  role: OfficeRole
}

/** The offices of the county. */
export interface Offices {
  /** By code. */
  offices: OfficeLine[]
  /** After an invitation was taken back: what was fetched before that; filled in by the host. */
  fetched?: Fetched | null
}

/** By how much one printer prints beside where it should. */
export interface Offset {
  /** Millimetres to the right. */
  x: number
  /** Millimetres downwards. */
  y: number
}

/** A record that stands on a paper. */
export interface OnPaper {
  /** Its id. */
  id: string
  /** Whose it is. */
  title: string
}

/** A file that came. */
export interface OpenAsk {
  /** The file, base64. */
  bundle: string
}

/** What was in it. */
export interface Opened {
  /** The transfer. */
  transfer: string
  /** The member. */
  member: string
  /** Text of the slip, on which she can be taken in. */
  slip?: string | null
  /** How many changes were new here. */
  changes: number
}

/** For whom cards are ordered. */
export interface OrderAsk {
  /** Ids of the members, 5,000 at the most. */
  members?: string[]
  /** Instead of them: all who have none yet, as far as they are asked for. */
  wanting?: WantingAsk | null
  /** Code of `card_kind`; the plastic card where absent. */
  kind?: string | null
  /** Name of the batch; the day and its number where absent. */
  batch?: string | null
}

/** What came of an order. */
export interface Ordered {
  /** Name of the batch. */
  batch: string
  /** The cards, in the order of the members asked for. */
  cards: OrderedCard[]
  /** Members for whom none was ordered, and why. */
  refused: NotOrdered[]
}

/** One card. */
export interface OrderedCard {
  /** Its id. */
  id: string
  /** Its number. */
  number: string
  /** Its member. */
  member: string
  /** Name of the member. */
  name: string
}

/** A packet on this PC or just uploaded. */
export interface PacketAsk {
  /** A file. */
  path?: string | null
  /** A file just uploaded; the station puts its path in the place of this. */
  upload?: string | null
}

/** One packet. */
export interface PacketLine {
  /** Its id. */
  id: string
  /** Sent, otherwise received. */
  sent: boolean
  /** Its number: counted by the PC that made it, for each addressee. */
  number: number
  /** The other office: addressee or maker. */
  office: string
  /** Its name. */
  name: Say
  /** Parts of it. */
  parts: number
  /** Parts that are here. */
  present: number
  /** Segments in it; of a received one those that were new. */
  segments: number
  /** Changes in it; of a received one those that were new. */
  changes: number
  /** Bytes of its segments; of a received one of those that were new. */
  bytes: number
  /** When it was made, by the maker's clock, milliseconds since 1970. */
  made: number
  /** When its first part was taken in here, or its receipt came. */
  came?: number | null
  /** How it stands. */
  state: PacketState
}

/** How a packet stands. */
export type PacketState = 'underway' | 'acknowledged' | 'covered' | 'whole' | 'partial'

/** Packets and whom they can be made for. */
export interface Packets {
  /** Packets in all. */
  total: number
  /** Newest first. */
  packets: PacketLine[]
  /** Whom a packet can be made for; the county first, another PC of this office last. */
  addressees: AddresseeLine[]
  /** Segments that came before the one that they follow, and wait for it. */
  waiting: number
}

/** Which stretch of a list. */
export interface Page {
  /** First line. */
  offset?: number
  /** How many lines, 100 at the most. */
  limit?: number | null
}

/** Two entries, and what is said of them. */
export interface PairAsk {
  /** An entry. */
  one: string
  /** The other one. */
  other: string
  /** On what grounds. */
  reason: string
  /** Although somebody has said that they are one person; that is taken back then. */
  despite?: boolean | null
}

/** Something for paper: the job, and what is noted of it once it leaves the office. */
export interface Paper {
  /** What a file of it is called, without its ending. */
  name: string
  /** The job. */
  job: Json
  /** Whether the sheets are cards, 85.6 × 54 mm, and not A4. */
  card: boolean
  /** Whether faces and backs follow one another, for printing on both sides. */
  two_sided: boolean
  /** Type of the records that stand on it. */
  kind: string
  /** The records that stand on it, in their order. */
  records: OnPaper[]
  /** How often it was printed or saved before; from the second time on a reason is needed. */
  before: number
  /** Why it is printed again. */
  reason?: string | null
  /** Records that were asked for and do not stand on it, and why. */
  refused: NotOnPaper[]
  /** What the clerk should know before it is printed. */
  told: Say[]
}

/** A PDF for the clerk. */
export interface PaperFile {
  /** What it is called. */
  name: string
  /** Its content. */
  base64: string
}

/** A drawn paper as a file. */
export interface PaperFileAsk {
  /** Its id. */
  paper: string
  /** Where it shall stand. */
  offset?: Offset
}

/** What goes from one office to another one. */
export interface PartAsk {
  /** Id of the old office. */
  from: string
  /** Id of the new one. */
  to: string
  /** Ids of enterprises and unions that go, with all that belongs to them; none where the whole office goes. */
  records?: string[] | null
}

/** What would go from one office to another one. */
export interface PartPreview {
  /** Name of the old office. */
  from: string
  /** Name of the new one. */
  to: string
  /** Whether the whole office goes; then it is given up. */
  whole: boolean
  /** Members who are counted. */
  members: number
  /** Of these, those who were let go to a union and are not confirmed there. */
  in_transit: number
  /** Members with retained membership. */
  retained: number
  /** Entries of people who left, died or moved away: their files go too. */
  others: number
  /** Cards of all of them that are out or ordered. */
  cards: number
  /** Open applications. */
  applications: number
  /** Unions. */
  organisations: string[]
  /** Enterprises. */
  enterprises: string[]
  /** The PCs of the old office. */
  pcs: PcLine[]
  /** Changes of the old office that wait here for what they build on. */
  waiting: number
  /** Bytes that the new office will fetch, about. */
  bytes: number
}

/** A new passphrase for the clerk who works here. */
export interface PassphraseAsk {
  /** The present one. */
  old: string
  /** The new one. */
  new: string
}

/** A PC of the old office. */
export interface PcLine {
  /** What it is called. */
  name: string
  /** When it was heard of last, milliseconds since 1970. */
  heard?: number | null
  /** What that means. */
  say: Say
}

/** A stick, or the folder of downloads. */
export interface Place {
  /** The folder. */
  path: string
  /** What it is called. */
  name: Say
  /** A stick; otherwise the folder of downloads. */
  stick: boolean
  /** Free bytes; absent where the system does not say. */
  free_bytes?: number | null
}

/** What is said. */
export interface PracticeAsk {
  /** Identifier. */
  key: string
  /** The number; nothing takes back what was said here. */
  value?: number | null
}

/** One of them. */
export interface PracticeLine {
  /** Identifier. */
  key: string
  /** What it says. */
  say: Say
  /** What holds here. */
  value: number
  /** Who said so: `own`, `county`, or `built_in`. */
  from: string
  /** The least that makes sense. */
  least: number
  /** The most. */
  most: number
}

/** The practices as they stand here. */
export interface Practices {
  /** In order. */
  lines: PracticeLine[]
}

/** A preference; the window chooses key and shape. */
export interface PrefAsk {
  /** Such as `members.columns`. */
  key: string
  /** Null forgets it. */
  value: Json
}

/** All preferences of the clerk. */
export interface Prefs {
  /** By key. */
  prefs: Record<string, Json>
}

/** A drawn paper. */
export interface Preview {
  /** Under which id it is kept until the office is locked, or others were drawn. */
  paper: string
  /** What a file of it is called, without its ending. */
  name: string
  /** How many pages. */
  pages: number
  /** The first pages as PNG, base64. */
  previews: string[]
  /** Whether the sheets are cards and not A4. */
  card: boolean
  /** Whether it is made for printing on both sides. */
  two_sided: boolean
  /** How often it was printed or saved before. */
  before: number
  /** The records that stand on it. */
  records: OnPaper[]
  /** Records that were asked for and do not stand on it. */
  refused: NotOnPaper[]
  /** What the clerk should know. */
  told: Say[]
  /** Letterings that this PC has no font of. */
  missing_fonts: MissingFont[]
  /** Characters that no font of this PC has. */
  missing_glyphs: MissingGlyph[]
}

/** What is drawn. */
export interface PreviewAsk {
  /** A command that answers a paper, such as `members.paper`. */
  of?: string | null
  /** Its question. */
  ask?: Json
  /** Instead of them: what was drawn before, at another place. */
  paper?: string | null
  /** Where it shall stand. */
  offset?: Offset
}

/** It lies with the printer. */
export interface PrintAnswer {
  /** The number that the spooler gave it. */
  request: string
}

/** How a drawn paper is printed. */
export interface PrintAsk {
  /** Its id. */
  paper: string
  /** One of `paper.printers`. */
  printer: string
  /** How often. */
  copies: number
  /** First page; all where absent. */
  first?: number | null
  /** Last page; the first one alone where absent. */
  last?: number | null
  /** Whether both sides of the paper are printed. */
  two_sided?: boolean
  /** Where it shall stand. */
  offset?: Offset
}

/** A printer. */
export interface PrinterLine {
  /** Its name. */
  name: string
  /** Whether it is the usual one. */
  default: boolean
}

/** The printers of this PC. */
export interface Printers {
  /** In the spooler's order. */
  printers: PrinterLine[]
}

/** Whether to do it. */
export interface PruneAsk {
  /** Otherwise it is only said what would go. */
  commit?: boolean
}

/** A stream's log. */
export interface PruneLine {
  /** The stream. */
  stream: string
  /** When the checkpoint was made that would stand for what goes, milliseconds since 1970. */
  made?: number | null
  /** Segments below it. */
  segments: number
  /** Bytes of these. */
  bytes: number
  /** Nothing holds it back. */
  ready: boolean
  /** What holds it back, and what to do. */
  say: Say
}

/** What would go, or went. */
export interface Pruned {
  /** The streams whose log may be pruned at all. */
  streams: PruneLine[]
  /** Segments that would go, or went. */
  segments: number
  /** Bytes of these. */
  bytes: number
  /** They went. */
  done: boolean
  /** Days after which the program does it by itself; 0: never. */
  after_days: number
  /** In one sentence. */
  say: Say
}

/** What stands in quarantine by an order of the county. */
export interface Quarantine {
  /** By PC. */
  lines: QuarantineLine[]
}

/** What one PC wrote into one stream after it was shut out. */
export interface QuarantineLine {
  /** The PC. */
  device: string
  /** What it is called, where somebody said so. */
  name?: string | null
  /** The stream. */
  stream: string
  /** Why: everybody sees it. */
  say: Say
  /** Segments. */
  segments: number
  /** Changes in them. */
  changes: number
  /** The last of them, for `devices.accept`. */
  up_to: string
}

/** Looking into what one PC wrote. */
export interface QuarantinedAsk {
  /** Its id. */
  device: string
}

/** Where a code may be seen. */
export interface ReadAsk {
  /** A frame of the camera: JPEG, PNG or WebP, base64. It is looked at and kept nowhere. */
  frame?: string | null
  /** A picture file on this PC. */
  path?: string | null
  /** A file just uploaded; the station puts its path in the place of this. */
  upload?: string | null
}

/** What was scanned. */
export interface ReadAsk2 {
  /** Text of the slip's code. */
  text: string
}

/** What was read. */
export interface ReadCodes {
  /** The text of each code; none in a frame without one. */
  texts: string[]
}

/** Why a PC is shut out. */
export type Reason = 'stolen' | 'lost' | 'left' | 'replaced' | 'other'

/** A reason as a clerk reads it. */
export interface ReasonLine {
  /** Identifier. */
  code: string
  /** In words. */
  say: Say
  /** Speaks against it. */
  against: boolean
}

/** A reason. */
export interface ReasonLine2 {
  /** Stable key. */
  key: string
  /** Sentence. */
  say: Say
  /** Whether the row is refused for it. */
  refused: boolean
}

/** A rebuild of the tables. */
export interface Rebuilt {
  /** Changes replayed. */
  changes: number
}

/** The receipt of a letter to outside the county has come. */
export interface ReceiptAsk {
  /** Id of the transfer. */
  id: string
  /** The day on it. */
  on: string
  /** Its number, and who signed. */
  document?: string | null
}

/** Whose receipt. */
export interface ReceiptPaperAsk {
  /** Id of the transfer on which this office took in. */
  id?: string | null
  /** Or of a member who came with a letter from outside the county. */
  member?: string | null
  /** Why it is printed again, where it is. */
  reason?: string | null
}

/** A record type. */
export interface RecordDescription {
  /** Identifier. */
  kind: string
  /** Chinese name. */
  zh: string
  /** English name. */
  en: string
  /** Prefix of its commands. */
  plural: string
  /** Name of the field that is the title. */
  title: string
  /** Fields in order. */
  fields: FieldDescription[]
  /** Parts of the form in order. */
  sections: SectionDescription[]
}

/** Founding the county again. */
export interface RecoverAsk {
  /** Two of the three printed shares, line breaks and blanks as they come. One that was printed once there was a hub may bring the hub's lines along, and is taken with all that stands around them. */
  shares: string[]
  /** The hub's address, where no share brings it. */
  url?: string | null
  /** The hub's public key. */
  key?: string | null
  /** A packet that an office made for the county with `whole`, where there is no hub. */
  packet?: PacketAsk | null
  /** Official name of the county, asked for only where its own record does not come. */
  name?: string | null
  /** Administrative code, likewise. */
  code?: string | null
  /** Whether the county is founded with what there is, where not everything comes from the hub: also with what a PC summed up that was shut out afterwards, and without what nobody has brought. */
  without?: boolean
  /** The first clerk's own name. */
  clerk: string
  /** The clerk's passphrase. */
  passphrase: string
}

/** Who is let go, and where to. */
export interface ReleaseAsk {
  /** The member. */
  member: string
  /** Id, code or full name of the office that takes in; an open slip is for whichever union of the county does. */
  to?: string | null
  /** Name of a union outside the county. */
  to_outside?: string | null
  /** Why, a code of `transfer_reason`. */
  reason: string
  /** When; today where absent. */
  on?: string | null
  /** How many days the slip is to be answered in; 30 where absent. After them it is shown as overdue and stays valid. */
  days?: number | null
  /** Dues paid to. */
  dues_paid_to?: string | null
  /** What else stands on the letter. */
  note?: string | null
  /** The request that it answers. */
  transfer?: string | null
}

/** The slip. */
export interface Released {
  /** Id of the transfer. */
  id: string
  /** Number of the letter. */
  number: string
  /** Text of the slip's code; a letter to outside the county, or of an office that works alone, has none. */
  slip?: string | null
}

/** What the last comparison to the byte found, in segments. */
export interface Repair {
  /** When it was made, milliseconds since 1970. */
  at: number
  /** They were missing on this PC, and came from the hub. */
  fetched: number
  /** They were missing at the hub, and it has them again. */
  sent: number
  /** Neither has them. */
  lost: number
  /** What that means. */
  say: Say
}

/** Which card is replaced. */
export interface ReplaceAsk {
  /** Id of the card. */
  id: string
  /** Why. */
  reason: string
  /** Document, such as the member's application. */
  document?: string | null
}

/** A PC asks for numbers. */
export interface RequestAsk {
  /** How many, 5,000 at the most. */
  count: number
  /** First serial that the paper book leaves free, where there is a paper book. */
  from?: number | null
  /** What it is for. */
  note?: string | null
}

/** An open request. */
export interface RequestLine {
  /** Its id. */
  id: string
  /** Name of the office that asks. */
  office: string
  /** Whether this PC asks. */
  own: boolean
  /** How many. */
  count: number
  /** First serial free after the paper book. */
  from?: number | null
  /** Who asked. */
  by: string
  /** When, milliseconds since 1970. */
  at: number
  /** What this PC can do about it: `grant`, `hand_on`, or nothing. */
  can?: string | null
  /** Whether it can be taken back or refused here. */
  withdrawable: boolean
  /** What was said with it. */
  note?: string | null
}

/** What was put back. */
export interface RestoreAnswer {
  /** Name of the snapshot. */
  name: string
  /** When it was made, milliseconds since 1970. */
  at: number
  /** Changes written after it that were brought back from the second file. */
  brought_back: number
  /** Folder in which the damaged file is kept. */
  kept_in: string
}

/** Whose passphrase opens the snapshot, and which one is wanted. */
export interface RestoreAsk {
  /** Id or name of the clerk. */
  clerk: string
  /** The clerk's passphrase. */
  passphrase: string
  /** Name of the snapshot; the newest one that is whole where it is not said. */
  name?: string | null
}

/** Which masked value is needed. */
export interface RevealAsk {
  /** Record id. */
  id: string
  /** Field. */
  field: string
  /** One side of a conflict; the shown one where it is absent. */
  version?: string | null
  /** Why; goes into the audit. */
  reason?: string | null
}

/** A value in full. */
export interface Revealed {
  /** The value. */
  value: Json
}

/** Shutting out a PC. */
export interface RevokeAsk {
  /** Its id, as `devices.list` shows it. */
  device: string
  /** Why. */
  reason: Reason
  /** Told to nobody but the county's own audit. */
  note?: string | null
}

/** What a clerk may do. */
export type Role = 'viewer' | 'clerk' | 'chair' | 'system_admin' | 'security_admin' | 'audit_admin'

/** A role. */
export interface RoleDescription {
  /** Key. */
  key: string
  /** Name. */
  say: Say
}

/** Which keys are changed. */
export interface RotateAsk {
  /** Id, code or full name of an office; every stream of the county where absent. */
  office?: string | null
}

/** How many streams have a new key. */
export interface Rotated {
  /** Streams. */
  streams: number
}

/** One row of a list. */
export interface Row {
  /** Record id. */
  id: string
  /** Its title. */
  title: string
  /** Shown texts by field. */
  cells: Record<string, Say>
  /** State that follows from the events, where there are any. */
  state?: string | null
  /** The dot. */
  standing: Mark
}

/** One row of a preview. */
export interface RowLine {
  /** Row of the sheet. */
  row: number
  /** Class. */
  class: Class
  /** Name. */
  title: string
  /** Shown texts by field, sensitive ones masked. */
  values: Record<string, Say>
  /** What is wrong or should be looked at. */
  reasons: ReasonLine2[]
  /** What differs from the store. */
  differs: Difference[]
}

/** Rows of a preview. */
export interface RowsAnswer {
  /** In all. */
  total: number
  /** The window. */
  rows: RowLine[]
}

/** Which rows of a preview. */
export interface RowsAsk {
  /** The preview. */
  preview: string
  /** All where absent. */
  class?: Class | null
  /** First row. */
  offset?: number
  /** Rows, 100 at the most. */
  limit?: number | null
}

/** What somebody said of a pair. */
export interface SaidLine {
  /** That they are one person; else that they are two. */
  same: boolean
  /** Who. */
  by: Say
  /** Day. */
  on: string
  /** On what grounds. */
  reason: string
}

/** What the form wants to save. */
export interface SaveAsk {
  /** The record; absent for a new one. */
  id?: string | null
  /** The token of the read on which the form was filled. */
  token?: string | null
  /** Only the fields that were changed. */
  fields: Record<string, Json>
}

/** A file for the clerk. */
export interface SaveFileAsk {
  /** Suggested name. */
  name: string
  /** Its content. */
  base64?: string | null
  /** Or a report that the office wrote, by the last part of its path. */
  report?: string | null
  /** The stick onto which it goes, a path of `packets.sticks`; the folder of downloads where it is absent. */
  stick?: string | null
}

/** What came of a save. */
export interface Saved {
  /** Record id. */
  id: string
  /** For the next save without another read: it names what this save wrote and, of all else, what was seen before it. Absent where the command asked for no token. */
  token?: string | null
  /** Where it stands. */
  standing: Standing
  /** What was let through and should be known. */
  notices: Notice[]
}

/** A file that was written. */
export interface SavedFile {
  /** Where it lies. */
  path: string
}

/** One sentence in both languages. Chinese is the language of the product, English is complete beside it. */
export interface Say {
  /** 简体中文 */
  zh: string
  /** English */
  en: string
}

/** What was found. */
export interface SearchAnswer {
  /** Exact number of hits. */
  total: number
  /** The best ones. */
  hits: Hit[]
}

/** What is looked for. */
export interface SearchAsk {
  /** Name, part of one, pinyin, initials, digits of a number. */
  text: string
  /** Only these record types. */
  kinds?: string[]
  /** Hits, 100 at the most. */
  limit?: number | null
}

/** A part of a form. */
export interface SectionDescription {
  /** Identifier. */
  key: string
  /** Chinese heading. */
  zh: string
  /** English heading. */
  en: string
}

/** What came of it. */
export interface SeenAnswer {
  /** Of how many it was recorded. */
  recorded: number
  /** Members of whom it was not, and why. */
  refused: NotRecorded[]
}

/** Who took part. */
export interface SeenAsk {
  /** Ids of the members, 5,000 at the most. */
  ids: string[]
  /** The day. */
  on: string
  /** In what: a meeting, a training, a payment of dues. */
  what?: string | null
  /** Dues are paid to this day; what is paid farther already stays. */
  dues_to?: string | null
}

/** Settings of this PC. */
export interface SettingsAsk {
  /** Of the window. */
  language?: Language | null
  /** Large type. */
  large_type?: boolean | null
  /** Whether data are sent and fetched while the office is locked. */
  carry?: boolean | null
}

/** Which side of a conflict is taken. */
export interface SettleAsk {
  /** Record id. */
  id: string
  /** The token of the read that showed the sides. */
  token: string
  /** A field of the conflict. */
  field: string
  /** The side. */
  version: string
}

/** What a card says. */
export interface ShownCard {
  /** Its number. */
  number: string
  /** Name of the holder. */
  name: string
  /** The end of the holder's ID number. */
  tail: string
  /** Year of birth. */
  born?: number | null
  /** Member since. */
  since: string
  /** Issued on. */
  issued: string
  /** Last day, where it has one. */
  expires?: string | null
}

/** Which cards are signed. */
export interface SignAsk {
  /** Ids of the cards, 5,000 at the most. */
  ids: string[]
}

/** One card with its code. */
export interface SignedCard {
  /** Its id. */
  id: string
  /** Its number. */
  number: string
  /** Name of its member. */
  name: string
  /** What stands in the code; none for a card of the paper book, whose number was not leased. */
  code?: string | null
}

/** Their codes. */
export interface SignedCards {
  /** In the order asked for. */
  cards: SignedCard[]
  /** Cards without a code, and why. */
  refused: NotChanged[]
}

/** What stands on a slip. */
export interface SlipSaid {
  /** The transfer. */
  transfer: string
  /** The member's record. */
  member: string
  /** Number of the letter. */
  number: string
  /** Name. */
  name: string
  /** The last four characters of the ID number. */
  tail: string
  /** Year of birth. */
  born?: number | null
  /** Member since. */
  since?: string | null
  /** Card number. */
  card?: string | null
  /** The office that lets go. */
  from: string
  /** The office that it is for. */
  to?: string | null
  /** Dues paid to. */
  dues_to?: string | null
  /** Released on. */
  released: string
  /** Expected to be answered until. */
  until?: string | null
  /** She is a member here already, on this slip or otherwise: id of the member. */
  here?: string | null
  /** Whether this office can take in on it: not on its own slip, and not twice. */
  takes_in: boolean
}

/** What a slip says, and whether it is believed. */
export interface SlipSeen {
  /** `good`, `doubtful` or `bad`. */
  tone: string
  /** What that means and what to do. */
  say: Say
  /** What stands on it; only where the key of an office of this county has signed it. */
  slip?: SlipSaid | null
}

/** One snapshot. */
export interface SnapshotLine {
  /** Name of its file: year, month, day, hour and minute of UTC+8, as in `20261121-1402.db`. */
  name: string
  /** When it was made, milliseconds since 1970. */
  at: number
  /** Size. */
  bytes: number
  /** When a copy of it was opened and found the same as its log, milliseconds since 1970. */
  tested?: number | null
}

/** Snapshots, newest first. */
export interface SnapshotsAnswer {
  /** The snapshots. */
  snapshots: SnapshotLine[]
}

/** Room on the disk of the data folder. */
export type Space = 'enough' | 'low' | 'full'

/** How far the program is. */
export type Stage = 'fresh' | 'locked' | 'ready'

/** Mark and sentence. */
export interface Standing {
  /** The dot. */
  mark: Mark
  /** Why, and what comes next. */
  say: Say
}

/** Who comes or goes. */
export interface StayAsk {
  /** The text of the card's code, where one was scanned. What it says goes before what was typed. */
  card?: string | null
  /** A line of before, of the same person: who it was is taken from there. */
  like?: string | null
  /** The form's fields. */
  fields?: Record<string, Json>
}

/** Who has gone, or is back. */
export interface StayEndAsk {
  /** The line of the register. */
  id: string
  /** The day. */
  on: string
  /** Where to, how it is known. */
  note?: string | null
}

/** One month. */
export interface StayMonth {
  /** `YYYY-MM`. */
  month: string
  /** Came here. */
  came: number
  /** Left again, or were taken in. */
  left: number
  /** Here at its end, or now. */
  here: number
  /** Of our own, went away. */
  went: number
  /** Came back. */
  back: number
  /** Away at its end, or now. */
  away: number
}

/** Who came and went, month by month. */
export interface StayMonths {
  /** The last twelve, the running one first. */
  months: StayMonth[]
}

/** An end that was a slip. */
export interface StayResumeAsk {
  /** The line of the register. */
  id: string
  /** What was wrong. */
  reason: string
}

/** Places for packets, and the packets in them. */
export interface SticksAnswer {
  /** Sticks first, the folder of downloads last. */
  places: Place[]
  /** Packets for this office that have not been taken in, oldest first. */
  found: Found[]
}

/** The numbers of this PC. */
export interface Stock {
  /** Numbers left on this PC. */
  left: number
  /** Whether that is little. */
  low: boolean
  /** The next number, if there is one. */
  next?: string | null
  /** The ranges. */
  ranges: StockRange[]
  /** Requests that nobody has answered yet: the own ones, those of colleagues' PCs, at the county those of all. */
  requests: RequestLine[]
  /** Whether this PC leases numbers: the county's, or that of an office that works alone. */
  leases: boolean
}

/** One range of the stock. */
export interface StockRange {
  /** First number that is left. */
  first: string
  /** Last one. */
  last: string
  /** How many. */
  left: number
}

/** A reorganisation. */
export interface SuccessionAsk {
  /** Code of `succession_kind`. */
  kind: string
  /** Approval number. */
  paper: string
  /** From when; until then nothing changes. */
  on: string
  /** What goes where. */
  parts: PartAsk[]
  /** Note. */
  note?: string | null
}

/** What went from one office to another one. */
export interface SuccessionLine {
  /** Its id. */
  id: string
  /** Approval number. */
  paper: string
  /** Code of `succession_kind`. */
  kind: string
  /** Name of the old office. */
  from: string
  /** Name of the new one. */
  to: string
  /** Whether the whole office goes. */
  whole: boolean
  /** From when. */
  on?: string | null
  /** `planned` or `done`. */
  state: string
  /** What that means. */
  say: Say
  /** How many records went when it was carried out. */
  count?: number | null
  /** Note. */
  note?: string | null
}

/** What would go. */
export interface SuccessionPreview {
  /** Part by part. */
  parts: PartPreview[]
  /** From when. */
  on: string
  /** Whether it is done at once, because its day has come. */
  now: boolean
}

/** Which one is taken back. */
export interface SuccessionWithdrawAsk {
  /** Its id. */
  id: string
}

/** Reorganisations, the newest first. */
export interface Successions {
  /** Each part for itself. */
  rows: SuccessionLine[]
  /** Whether this PC can plan one: the county's first. */
  registrar: boolean
}

/** Which card keeps the number. */
export interface SupersedeAsk {
  /** Id of the card that keeps it; every other card of the number steps back. */
  keep: string
  /** On what grounds. */
  reason: string
}

/** What an exchange did. */
export interface SyncAnswer {
  /** Newly stored at the hub. */
  sent: Moved
  /** Newly taken here. */
  received: Moved
  /** Both sides hold the same changes. */
  in_step: boolean
  /** What the slow lane did: pictures follow the changes. */
  blobs: BlobsMoved
}

/** Where the office stands towards the county. */
export interface SyncStatus {
  /** Changes written on this PC that the hub does not hold yet, entries of the audit and what the program writes by itself included. */
  unsent: number
  /** What people did on this PC that neither the hub nor the county holds yet: this is what a clerk reads as unsent. */
  to_report: number
  /** Changes of this office that the county has not confirmed yet, unsent ones included. */
  unconfirmed: number
  /** Pictures that wait; they follow the changes on the slow lane. */
  blobs: BlobsWaiting
  /** Changes that wait for others they build on. */
  parked: number
  /** Segments kept aside: they cannot be used, or an order of the county shuts them out. */
  quarantined: number
  /** Segments that are held and wait for the county to grant their key to this PC. */
  keyless: number
  /** The county has shut out this very PC. */
  revoked?: Say | null
  /** The log below a checkpoint is wanted again and has not come yet. */
  log_wanted?: Say | null
  /** `none` while the office works alone, `packet` while it has a county and knows no hub, else `hub`. */
  road: string
  /** The hub. */
  hub?: string | null
  /** Its public key, by which it is known; whoever founds the county again has to bring it. */
  hub_key?: string | null
  /** When the last exchange ended well, milliseconds since 1970. */
  last_contact?: number | null
  /** When the last packet was made or taken in, milliseconds since 1970. */
  last_packet?: number | null
  /** What the last comparison to the byte with the hub found; `None` where nothing was amiss. */
  repair?: Repair | null
  /** This PC has just joined, and what the office has already is still on its way; how much has come stands in `steps`. */
  first_load?: Say | null
  /** The status line. */
  say: Say
  /** Whether an exchange is under way; filled in by the host, like what follows. */
  running: boolean
  /** Since when no exchange has succeeded, milliseconds since 1970. */
  offline_since?: number | null
  /** Why the last one ended early. */
  last_fault?: LastFault | null
  /** By how many seconds this PC's clock is ahead of the hub's (below 0: behind); told only when it is more than two minutes. */
  clock_offset_s?: number | null
  /** What that means. Nothing is refused because of a clock. */
  clock_say?: Say | null
  /** The steps of the exchange under way, or of the last one. */
  steps: SyncStep[]
}

/** One step of an exchange. */
export interface SyncStep {
  /** `compare`, `send`, `receive`. */
  key: string
  /** Chinese name. */
  zh: string
  /** English name. */
  en: string
  /** Segments done. */
  done: number
  /** Segments to do, as far as known. */
  total: number
  /** Bytes done. */
  bytes: number
}

/** What is taken on record. */
export interface TakeAsk {
  /** Ids of the members. */
  ids: string[]
  /** The day. */
  on: string
  /** Number under which it is kept. */
  document?: string | null
}

/** Which late edit. */
export interface TakeLateAsk {
  /** Its id. */
  id: string
}

/** What came of it. */
export interface Taken {
  /** How many were taken on record. */
  taken: number
}

/** A template that was written. */
export interface TemplateAnswer {
  /** Its file. */
  file: string
  /** How many columns it has. */
  columns: number
}

/** Where the template goes. */
export interface TemplateAsk {
  /** A new file, or a folder; among the reports of this office where it is not said. */
  path?: string | null
}

/** Which snapshot. */
export interface TestAsk {
  /** Its name; the newest one where it is not said. */
  name?: string | null
}

/** One tile. */
export interface Tile {
  /** Identifier. */
  key: string
  /** Chinese label. */
  zh: string
  /** English label. */
  en: string
  /** How many. */
  count: number
  /** `calm`, `due` or `late`. */
  tone: string
}

/** What one office said. */
export interface TransferEvent {
  /** Name of the event. */
  name: string
  /** Which office. */
  office?: string | null
  /** The day of it. */
  on?: string | null
  /** Why. */
  reason?: string | null
  /** When it was written, milliseconds since 1970. */
  at: number
}

/** One transfer. */
export interface TransferLine {
  /** Its id. */
  id: string
  /** Number of the letter. */
  number?: string | null
  /** Id of the member, as far as a record of hers is here. */
  member?: string | null
  /** Name. */
  name: string
  /** ID number, masked. */
  id_no?: string | null
  /** Card number. */
  card_number?: string | null
  /** The union that lets go. */
  from: string
  /** The union that takes in; an open slip has none yet. */
  to?: string | null
  /** Offices between which the county decides. */
  takers: OfficeName[]
  /** Code of `transfer_state`. */
  state: string
  /** The same in words. */
  said: Say
  /** Which part this office has: `out`, `in`, or `other`. */
  part: string
  /** Nobody has answered within the days on the slip. */
  overdue: boolean
  /** Code of `transfer_reason`. */
  reason?: string | null
  /** Released on. */
  released_on?: string | null
  /** Expected to be answered until. */
  valid_until?: string | null
  /** Text of the slip's code, at the office that made it. */
  slip?: string | null
  /** What can be done here: `release`, `refuse`, `withdraw`, `accept`, `receipt`, `decide`, `bundle`; and what can be printed: `letter`, `receipt_paper`. */
  possible: string[]
  /** What happened, the latest last. */
  events: TransferEvent[]
}

/** Transfers, the newest first. */
export interface Transfers {
  /** How many in all. */
  total: number
  /** Fifty at the most. */
  rows: TransferLine[]
  /** Unions of the county to which one can move, without this one. */
  offices: OfficeName[]
}

/** Which transfers. */
export interface TransfersAsk {
  /** Only those in which somebody is still waited for. */
  open?: boolean
  /** Part of a name, or a letter's or a card's number. */
  text?: string | null
  /** Of this member. */
  member?: string | null
  /** Only this one. */
  id?: string | null
  /** First row. */
  offset?: number
}

/** The whole tree. */
export interface Tree {
  /** Organisations without a parent that is known here. */
  roots: Node[]
}

/** What is wrong with the data file, for the window. */
export interface Trouble {
  /** `store_damaged`. */
  code: string
  /** What happened and what to do. */
  say: Say
  /** Snapshots of this office that lie on this PC. */
  snapshots: number
}

/** Numbers that more than one card bears. */
export interface Twice {
  /** By number. */
  numbers: TwiceNumber[]
  /** Leases that hold the same numbers: more cards of one number may come of them. */
  leases: number
}

/** One of them. */
export interface TwiceCard {
  /** Its id. */
  id: string
  /** Id of its member. */
  member?: string | null
  /** Name of its member. */
  name: string
  /** Name of the office. */
  office: string
  /** Standing of the card. */
  state: string
  /** Day of issue. */
  issued_on?: string | null
}

/** One number. */
export interface TwiceNumber {
  /** The number. */
  number: string
  /** The cards that bear it and still count. */
  cards: TwiceCard[]
}

/** Changes that do not count, row by row. */
export interface Uncounted {
  /** In the order in which they were written or came, chain by chain; no entries of the audit. */
  rows: UncountedRow[]
  /** Changes behind these that are not listed. */
  further: number
  /** Changes that cannot be shown here: their key has not come, or a newer version wrote them. */
  unread: number
  /** Entries of the audit that go with them. */
  audit: number
}

/** One change as it would count. */
export interface UncountedRow {
  /** Which kind of record. */
  kind: string
  /** The record, where it stands here. */
  id?: string | null
  /** What it is called. */
  title: string
  /** When, by the writing PC's clock, milliseconds since 1970. */
  at: number
  /** Who. */
  author: string
  /** Whether it made the record. */
  made: boolean
  /** The event, where it was one. */
  event?: string | null
  /** What it would change: what stands now, or was written before it among these, and what it says. */
  changes: FieldChange[]
}

/** Which batch. */
export interface UndoAsk {
  /** Its id. */
  batch: string
}

/** What the undo did. */
export interface Undone {
  /** Records voided or restored. */
  undone: number
  /** Records that stay, and why. */
  not_undone: Kept[]
}

/** Unlocking. */
export interface UnlockAsk {
  /** Id or name of the clerk. */
  clerk: string
  /** Passphrase. */
  passphrase: string
}

/** An entry that is a person of its own after all. */
export interface UnmergeAsk {
  /** The entry that stepped back. */
  id: string
  /** Why. */
  reason: string
  /** Remembers besides that these are two persons, so that they are proposed no more. */
  not_same?: boolean | null
}

/** Members whom nobody has seen, those first of whom it is longest ago. */
export interface Unseen {
  /** How many in all. */
  total: number
  /** Fifty at the most. */
  rows: UnseenRow[]
  /** The months after which somebody stands here. */
  months: number
  /** How many of all are warned of because of dues and union life, and stand on the page of those. */
  warned: number
}

/** Which of them. */
export interface UnseenAsk {
  /** Only migrant workers, and who is recorded as away. */
  floating?: boolean
  /** Part of a name or an employer. */
  text?: string | null
  /** First row. */
  offset?: number
}

/** One of them. */
export interface UnseenRow {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
  /** What tells two of one name apart. */
  detail: string
  /** Last seen on. */
  on?: string | null
  /** By what. */
  how: Say
  /** Whole months since. */
  months?: number | null
  /** Recorded as away, and where. */
  away: boolean
  /** Where to, of somebody who is away. */
  place?: string | null
  /** `first`, `second` or `deemed`, where dues and union life are missing as well. */
  level?: string | null
}

/** What was scanned or typed. */
export interface VerifyAsk {
  /** The text of the code, or a card number. */
  text: string
}

/** What shall be void. */
export interface VoidAsk {
  /** Record id. */
  id: string
  /** The token of the read. */
  token: string
  /** Why. */
  reason: string
  /** False takes the void back. */
  void?: boolean
}

/** Which of them. */
export interface WaitingAsk {
  /** Persons who were entered, instead of applications. */
  entered?: boolean
  /** Part of a name or an employer. */
  text?: string | null
  /** Id of an enterprise. */
  enterprise?: string | null
  /** Only those that are overdue. */
  overdue?: boolean
  /** First row. */
  offset?: number
}

/** A window of them. */
export interface WaitingList {
  /** How many in all. */
  total: number
  /** Fifty at the most, those first that wait longest. */
  rows: WaitingRow[]
  /** How many applications wait, whatever was asked. */
  applications: number
  /** How many persons were entered and not admitted. */
  entered: number
}

/** One of them. */
export interface WaitingRow {
  /** Id of the application, or of the person. */
  id: string
  /** Name. */
  name: string
  /** What tells two of one name apart. */
  detail: string
  /** Of an application: `submitted` or `group_ok`. */
  state?: string | null
  /** To be decided by. */
  due_on?: string | null
  /** That day has passed. */
  overdue: boolean
}

/** A window of them. */
export interface Wanting {
  /** How many in all. */
  total: number
  /** Fifty at the most. */
  rows: WantingRow[]
}

/** Which of them. */
export interface WantingAsk {
  /** Part of a name, an employer or a member number. */
  text?: string | null
  /** Id of a union. */
  organisation?: string | null
  /** Id of an enterprise. */
  enterprise?: string | null
  /** First row. */
  offset?: number
}

/** One of them. */
export interface WantingRow {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
  /** What tells two of one name apart. */
  detail: string
}

/** Members who are warned of, longest first. */
export interface Warned {
  /** How many in all. */
  total: number
  /** Fifty at the most. */
  rows: WarnedRow[]
  /** Months before the first warning. */
  first: number
  /** Months after which they may be deemed to have left. */
  deemed: number
  /** Members here of whom no dues are recorded: of them nothing is said. */
  unknown: number
}

/** Which of the warned members. */
export interface WarnedAsk {
  /** First row. */
  offset?: number
}

/** One of them. */
export interface WarnedRow {
  /** Id of the member. */
  id: string
  /** Name. */
  name: string
  /** What tells two of one name apart. */
  detail: string
  /** Whole months without dues. */
  dues: number
  /** Whole months without union life. */
  seen: number
  /** `first`, `second` or `deemed`. */
  level: string
  /** Dues are paid to this day. */
  dues_to?: string | null
  /** Last day of union life that was recorded. */
  seen_on?: string | null
  /** Day on which somebody talked to the member since. */
  talked_on?: string | null
}

/** A transfer, with why something is done about it. */
export interface WithReason {
  /** Id of the transfer. */
  id: string
  /** Why. */
  reason: string
}

/** Whose invitation is taken back. */
export interface WithdrawAsk {
  /** The id of the invitation, as `devices.list` shows it. */
  id: string
}

/** Whose invitation is taken back. */
export interface WithdrawOfficeAsk {
  /** The office's id. */
  office: string
}

/** Which request is taken back. */
export interface WithdrawRequestAsk {
  /** Id of the request. */
  request: string
}

/** Every command: what is asked and what is answered. */
export interface Commands {
  'app.create': { ask: CreateAsk; answer: Created }
  'app.join': { ask: EnrolAsk; answer: Created }
  'app.lock': { ask: Nothing; answer: AppState }
  'app.passphrase': { ask: PassphraseAsk; answer: ClerkState }
  'app.recover': { ask: RecoverAsk; answer: Created }
  'app.restore': { ask: RestoreAsk; answer: RestoreAnswer }
  'app.settings': { ask: SettingsAsk; answer: AppState }
  'app.state': { ask: Nothing; answer: AppState }
  'app.unlock': { ask: UnlockAsk; answer: AppState }
  'applications.apply': { ask: ApplyAsk; answer: Saved }
  'applications.approve': { ask: ApproveAsk; answer: Approved }
  'applications.change': { ask: ApplicationsChangeAsk; answer: ApplicationsChanged }
  'applications.check': { ask: SaveAsk; answer: Checked }
  'applications.get': { ask: GetAsk; answer: Detail }
  'applications.history': { ask: GetAsk; answer: HistoryPage }
  'applications.list': { ask: ListAsk; answer: Listing }
  'applications.reveal': { ask: RevealAsk; answer: Revealed }
  'applications.save': { ask: SaveAsk; answer: Saved }
  'applications.settle': { ask: SettleAsk; answer: Saved }
  'applications.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'applications.void': { ask: VoidAsk; answer: Saved }
  'applications.waiting': { ask: WaitingAsk; answer: WaitingList }
  'audit.recent': { ask: Page; answer: AuditPage }
  'cards.ask_numbers': { ask: RequestAsk; answer: Saved }
  'cards.batches': { ask: Nothing; answer: CardBatches }
  'cards.change': { ask: CardsChangeAsk; answer: CardsChanged }
  'cards.check': { ask: SaveAsk; answer: Checked }
  'cards.enter': { ask: EnterAsk; answer: Saved }
  'cards.get': { ask: GetAsk; answer: Detail }
  'cards.grant_numbers': { ask: AnswerAsk; answer: Saved }
  'cards.hand_on_numbers': { ask: AnswerAsk; answer: Saved }
  'cards.handouts': { ask: HandoutsAsk; answer: Paper }
  'cards.history': { ask: GetAsk; answer: HistoryPage }
  'cards.list': { ask: ListAsk; answer: Listing }
  'cards.order': { ask: OrderAsk; answer: Ordered }
  'cards.paper': { ask: CardsPaperAsk; answer: Paper }
  'cards.replace': { ask: ReplaceAsk; answer: OrderedCard }
  'cards.reveal': { ask: RevealAsk; answer: Revealed }
  'cards.save': { ask: SaveAsk; answer: Saved }
  'cards.settle': { ask: SettleAsk; answer: Saved }
  'cards.sign': { ask: SignAsk; answer: SignedCards }
  'cards.stock': { ask: Nothing; answer: Stock }
  'cards.supersede': { ask: SupersedeAsk; answer: Saved }
  'cards.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'cards.twice': { ask: Nothing; answer: Twice }
  'cards.verify': { ask: VerifyAsk; answer: CardAnswer }
  'cards.void': { ask: VoidAsk; answer: Saved }
  'cards.wanting': { ask: WantingAsk; answer: Wanting }
  'cards.withdraw_request': { ask: WithdrawRequestAsk; answer: Saved }
  'carry.now': { ask: Nothing; answer: CarryState }
  'catalogue': { ask: Nothing; answer: Catalogue }
  'checkpoints.list': { ask: Nothing; answer: Checkpoints }
  'checkpoints.make': { ask: MakeAsk; answer: CheckpointLine }
  'clerks.add': { ask: AddClerkAsk; answer: ClerkState }
  'clerks.list': { ask: Nothing; answer: Clerks }
  'codes.draw': { ask: DrawAsk; answer: Drawn }
  'codes.read': { ask: ReadAsk; answer: ReadCodes }
  'committees.check': { ask: SaveAsk; answer: Checked }
  'committees.get': { ask: GetAsk; answer: Detail }
  'committees.history': { ask: GetAsk; answer: HistoryPage }
  'committees.list': { ask: ListAsk; answer: Listing }
  'committees.reveal': { ask: RevealAsk; answer: Revealed }
  'committees.save': { ask: SaveAsk; answer: Saved }
  'committees.settle': { ask: SettleAsk; answer: Saved }
  'committees.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'committees.void': { ask: VoidAsk; answer: Saved }
  'coverages.check': { ask: SaveAsk; answer: Checked }
  'coverages.get': { ask: GetAsk; answer: Detail }
  'coverages.history': { ask: GetAsk; answer: HistoryPage }
  'coverages.list': { ask: ListAsk; answer: Listing }
  'coverages.reveal': { ask: RevealAsk; answer: Revealed }
  'coverages.save': { ask: SaveAsk; answer: Saved }
  'coverages.settle': { ask: SettleAsk; answer: Saved }
  'coverages.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'coverages.void': { ask: VoidAsk; answer: Saved }
  'devices.accept': { ask: AcceptAsk; answer: Quarantine }
  'devices.invite': { ask: DeviceAsk; answer: DeviceInvitation }
  'devices.list': { ask: Nothing; answer: Devices }
  'devices.name': { ask: NameAsk; answer: Devices }
  'devices.quarantine': { ask: Nothing; answer: Quarantine }
  'devices.quarantined': { ask: QuarantinedAsk; answer: Uncounted }
  'devices.revoke': { ask: RevokeAsk; answer: Devices }
  'devices.withdraw': { ask: WithdrawAsk; answer: Devices }
  'drafts.drop': { ask: DropAsk; answer: Done }
  'drafts.list': { ask: Nothing; answer: Drafts }
  'drafts.put': { ask: Draft; answer: Done }
  'enterprises.check': { ask: SaveAsk; answer: Checked }
  'enterprises.get': { ask: GetAsk; answer: Detail }
  'enterprises.history': { ask: GetAsk; answer: HistoryPage }
  'enterprises.list': { ask: ListAsk; answer: Listing }
  'enterprises.reveal': { ask: RevealAsk; answer: Revealed }
  'enterprises.save': { ask: SaveAsk; answer: Saved }
  'enterprises.settle': { ask: SettleAsk; answer: Saved }
  'enterprises.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'enterprises.void': { ask: VoidAsk; answer: Saved }
  'files.offer': { ask: OfferAsk; answer: Offered }
  'files.save': { ask: SaveFileAsk; answer: SavedFile }
  'home': { ask: Nothing; answer: Home }
  'hub.claim': { ask: ClaimAsk; answer: ClaimAnswer }
  'keys.rotate': { ask: RotateAsk; answer: Rotated }
  'kit.find': { ask: Nothing; answer: KitPlace }
  'kit.put_away': { ask: Nothing; answer: KitPlace }
  'kit.show': { ask: KitAsk; answer: KitSheets }
  'log.keep': { ask: KeepAsk; answer: Keeps }
  'log.prune': { ask: PruneAsk; answer: Pruned }
  'members.answer_heard': { ask: HeardAsk; answer: Done }
  'members.batches': { ask: Nothing; answer: Batches }
  'members.change': { ask: ChangeAsk; answer: Saved }
  'members.check': { ask: SaveAsk; answer: Checked }
  'members.correct': { ask: CorrectAsk; answer: Saved }
  'members.duplicates': { ask: DuplicatesAsk; answer: Duplicates }
  'members.expulsions': { ask: Nothing; answer: Expulsions }
  'members.get': { ask: GetAsk; answer: Detail }
  'members.history': { ask: GetAsk; answer: HistoryPage }
  'members.import': { ask: ImportAsk; answer: ImportAnswer }
  'members.import_rows': { ask: RowsAsk; answer: RowsAnswer }
  'members.join': { ask: JoinAsk; answer: Saved }
  'members.known': { ask: KnownAsk; answer: KnownAt }
  'members.list': { ask: ListAsk; answer: Listing }
  'members.look_again': { ask: PairAsk; answer: Done }
  'members.merge': { ask: MergeAsk; answer: Saved }
  'members.met': { ask: MetAsk; answer: SeenAnswer }
  'members.not_same': { ask: PairAsk; answer: Done }
  'members.paper': { ask: MemberPaperAsk; answer: Paper }
  'members.reveal': { ask: RevealAsk; answer: Revealed }
  'members.save': { ask: SaveAsk; answer: Saved }
  'members.seen': { ask: SeenAsk; answer: SeenAnswer }
  'members.settle': { ask: SettleAsk; answer: Saved }
  'members.take_on_record': { ask: TakeAsk; answer: Taken }
  'members.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'members.undo': { ask: UndoAsk; answer: Undone }
  'members.unmerge': { ask: UnmergeAsk; answer: Saved }
  'members.unseen': { ask: UnseenAsk; answer: Unseen }
  'members.void': { ask: VoidAsk; answer: Saved }
  'members.warned': { ask: WarnedAsk; answer: Warned }
  'office.enrol': { ask: JoinWithAsk; answer: Joined }
  'offices.invite': { ask: InviteAsk; answer: Invitation }
  'offices.list': { ask: Nothing; answer: Offices }
  'offices.withdraw': { ask: WithdrawOfficeAsk; answer: Offices }
  'organisations.check': { ask: SaveAsk; answer: Checked }
  'organisations.get': { ask: GetAsk; answer: Detail }
  'organisations.history': { ask: GetAsk; answer: HistoryPage }
  'organisations.list': { ask: ListAsk; answer: Listing }
  'organisations.reveal': { ask: RevealAsk; answer: Revealed }
  'organisations.save': { ask: SaveAsk; answer: Saved }
  'organisations.settle': { ask: SettleAsk; answer: Saved }
  'organisations.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'organisations.tree': { ask: Nothing; answer: Tree }
  'organisations.void': { ask: VoidAsk; answer: Saved }
  'packets.export': { ask: ExportAsk; answer: ExportAnswer }
  'packets.import': { ask: ImportAsk2; answer: ImportAnswer2 }
  'packets.list': { ask: Page; answer: Packets }
  'packets.sticks': { ask: Nothing; answer: SticksAnswer }
  'paper.preview': { ask: PreviewAsk; answer: Preview }
  'paper.print': { ask: PrintAsk; answer: PrintAnswer }
  'paper.printers': { ask: Nothing; answer: Printers }
  'paper.save': { ask: PaperFileAsk; answer: PaperFile }
  'posts.check': { ask: SaveAsk; answer: Checked }
  'posts.get': { ask: GetAsk; answer: Detail }
  'posts.history': { ask: GetAsk; answer: HistoryPage }
  'posts.list': { ask: ListAsk; answer: Listing }
  'posts.reveal': { ask: RevealAsk; answer: Revealed }
  'posts.save': { ask: SaveAsk; answer: Saved }
  'posts.settle': { ask: SettleAsk; answer: Saved }
  'posts.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'posts.void': { ask: VoidAsk; answer: Saved }
  'practice.list': { ask: Nothing; answer: Practices }
  'practice.set': { ask: PracticeAsk; answer: Practices }
  'prefs.list': { ask: Nothing; answer: Prefs }
  'prefs.put': { ask: PrefAsk; answer: Done }
  'records.attach': { ask: AttachAsk; answer: Saved }
  'search': { ask: SearchAsk; answer: SearchAnswer }
  'snapshots.list': { ask: Nothing; answer: SnapshotsAnswer }
  'snapshots.make': { ask: Nothing; answer: SnapshotsAnswer }
  'snapshots.test': { ask: TestAsk; answer: SnapshotsAnswer }
  'stays.book': { ask: BookAsk; answer: Book }
  'stays.check': { ask: SaveAsk; answer: Checked }
  'stays.end': { ask: StayEndAsk; answer: Saved }
  'stays.enter': { ask: StayAsk; answer: Saved }
  'stays.get': { ask: GetAsk; answer: Detail }
  'stays.history': { ask: GetAsk; answer: HistoryPage }
  'stays.list': { ask: ListAsk; answer: Listing }
  'stays.months': { ask: Nothing; answer: StayMonths }
  'stays.resume': { ask: StayResumeAsk; answer: Saved }
  'stays.reveal': { ask: RevealAsk; answer: Revealed }
  'stays.save': { ask: SaveAsk; answer: Saved }
  'stays.settle': { ask: SettleAsk; answer: Saved }
  'stays.template': { ask: TemplateAsk; answer: TemplateAnswer }
  'stays.void': { ask: VoidAsk; answer: Saved }
  'successions.list': { ask: Nothing; answer: Successions }
  'successions.plan': { ask: SuccessionAsk; answer: Successions }
  'successions.preview': { ask: SuccessionAsk; answer: SuccessionPreview }
  'successions.withdraw': { ask: SuccessionWithdrawAsk; answer: Successions }
  'sync.check': { ask: Nothing; answer: Compared }
  'sync.now': { ask: Nothing; answer: SyncAnswer }
  'sync.parked': { ask: Nothing; answer: Uncounted }
  'sync.status': { ask: Nothing; answer: SyncStatus }
  'tables.rebuild': { ask: Nothing; answer: Rebuilt }
  'transfers.accept': { ask: AcceptAsk2; answer: Accepted }
  'transfers.ask': { ask: AskAsk; answer: TransferLine }
  'transfers.bundle': { ask: BundleAsk; answer: Bundle }
  'transfers.decide': { ask: DecideAsk; answer: TransferLine }
  'transfers.late': { ask: Nothing; answer: LateEdits }
  'transfers.letter': { ask: LetterAsk; answer: Paper }
  'transfers.list': { ask: TransfersAsk; answer: Transfers }
  'transfers.open_bundle': { ask: OpenAsk; answer: Opened }
  'transfers.read': { ask: ReadAsk2; answer: SlipSeen }
  'transfers.receipt': { ask: ReceiptAsk; answer: TransferLine }
  'transfers.receipt_paper': { ask: ReceiptPaperAsk; answer: Paper }
  'transfers.refuse': { ask: WithReason; answer: TransferLine }
  'transfers.refuse_late': { ask: WithReason; answer: LateLine }
  'transfers.release': { ask: ReleaseAsk; answer: Released }
  'transfers.take_late': { ask: TakeLateAsk; answer: LateLine }
  'transfers.withdraw': { ask: WithReason; answer: TransferLine }
}

/** Whatever can stand in the audit. */
export const DEEDS = [
  'app.restore',
  'applications.apply',
  'applications.approve',
  'applications.change',
  'applications.reveal',
  'applications.save',
  'applications.settle',
  'applications.void',
  'cards.ask_numbers',
  'cards.change',
  'cards.enter',
  'cards.grant_numbers',
  'cards.hand_on_numbers',
  'cards.order',
  'cards.paper',
  'cards.replace',
  'cards.reveal',
  'cards.save',
  'cards.settle',
  'cards.sign',
  'cards.supersede',
  'cards.void',
  'cards.withdraw_request',
  'checkpoints.make',
  'clerks.add',
  'committees.reveal',
  'committees.save',
  'committees.settle',
  'committees.void',
  'county.recover',
  'coverages.reveal',
  'coverages.save',
  'coverages.settle',
  'coverages.void',
  'devices.accept',
  'devices.invite',
  'devices.join',
  'devices.name',
  'devices.revoke',
  'devices.withdraw',
  'drafts.drop',
  'drafts.put',
  'enterprises.reveal',
  'enterprises.save',
  'enterprises.settle',
  'enterprises.void',
  'keys.rotate',
  'kit.put_away',
  'kit.show',
  'log.keep',
  'log.prune',
  'members.answer_heard',
  'members.change',
  'members.correct',
  'members.import',
  'members.index',
  'members.join',
  'members.look_again',
  'members.merge',
  'members.met',
  'members.not_same',
  'members.reveal',
  'members.save',
  'members.seen',
  'members.settle',
  'members.take_on_record',
  'members.undo',
  'members.unmerge',
  'members.void',
  'office.begin',
  'office.enrol',
  'offices.invite',
  'offices.withdraw',
  'organisations.reveal',
  'organisations.save',
  'organisations.settle',
  'organisations.void',
  'packets.export',
  'packets.import',
  'paper.print',
  'paper.save',
  'posts.reveal',
  'posts.save',
  'posts.settle',
  'posts.void',
  'practice.set',
  'prefs.put',
  'records.attach',
  'stays.end',
  'stays.enter',
  'stays.resume',
  'stays.reveal',
  'stays.save',
  'stays.settle',
  'stays.void',
  'successions.plan',
  'successions.withdraw',
  'transfers.accept',
  'transfers.ask',
  'transfers.bundle',
  'transfers.confirm',
  'transfers.decide',
  'transfers.letter',
  'transfers.open_bundle',
  'transfers.receipt',
  'transfers.refuse',
  'transfers.refuse_late',
  'transfers.release',
  'transfers.take_late',
  'transfers.withdraw',
] as const
