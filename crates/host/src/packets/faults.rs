//! What is said of packets, in both languages.

use niangjia_core::{
    Fault,
    packets::{Came, Incoming, Summary},
    words::Say,
};

/// Writing failed: the stick was pulled, is full or cannot be written.
pub(super) fn not_written(cause: std::io::Error) -> Fault {
    let fault = if cause.kind() == std::io::ErrorKind::StorageFull {
        Fault::new(
            "stick_full",
            "U盘（或目标文件夹）空间不够，数据包没有写成。本机的数据都完好，一条不少。请换一个U盘或腾出空间，再导出一次。",
            "The stick (or the folder) has too little room and the packet was not written. All data of this PC are intact. Use another stick or free some room, then export again.",
        )
    } else {
        Fault::new(
            "packet_not_written",
            "数据包没有写成：U盘可能被拔出、写保护或出错。本机的数据都完好，一条不少。请插好U盘，再导出一次。",
            "The packet was not written: the stick may have been pulled, be read-only or faulty. All data of this PC are intact. Insert it again and export once more.",
        )
    };
    fault.because(cause.kind())
}

/// Too little room, known before anything is written.
pub(super) fn no_room(need: u64, free: u64) -> Fault {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Fault::say(
        "stick_full",
        Say::owned(
            format!(
                "U盘（或目标文件夹）空间不够：需要 {} MB，只剩 {} MB，没有导出。请换一个U盘或腾出空间，再导出一次。",
                mib(need),
                free >> 20
            ),
            format!(
                "The stick (or the folder) has too little room: {} MB are needed, {} MB are free. Nothing was written. Use another stick or free some room, then export again.",
                mib(need),
                free >> 20
            ),
        ),
    )
}

/// A file of that name is there.
pub(super) fn taken_name() -> Fault {
    Fault::new(
        "packet_exists",
        "已经有同名的文件，没有覆盖它，也没有导出。请换一个文件名，或选一个文件夹由程序起名。",
        "A file of that name exists; it was not overwritten and nothing was exported. Choose another name, or a folder in which the program makes one.",
    )
}

/// The file cannot be opened.
pub(super) fn not_read(cause: std::io::Error) -> Fault {
    Fault::new(
        "packet_unreadable",
        "打不开这个数据包文件。请检查U盘是否插好、文件是否还在，然后再试。没有做任何改动。",
        "The packet's file cannot be opened. Check that the stick is inserted and the file is still there, then try again. Nothing was changed.",
    )
    .because(cause.kind())
}

/// Something else than a packet.
pub(super) fn no_packet() -> Fault {
    Fault::new(
        "packet_unknown",
        "这个文件不是数据包（.njpack），没有接收，没有做任何改动。入网数据包（.njinvite）只在新电脑加入时使用；名册请在“会员”里导入。",
        "This file is no packet (.njpack); nothing was changed. An enrolment packet (.njinvite) is used only when a new PC joins; rosters are imported with the members.",
    )
}

/// A packet of a later program.
pub(super) fn newer() -> Fault {
    Fault::new(
        "packet_newer",
        "这个数据包是由更新的程序版本导出的，本机的程序还看不懂，没有接收。请先更新程序，再接收这个数据包；文件请保留。",
        "This packet was made by a newer version of the program and was not taken in. Update the program first, then take it in; keep the file.",
    )
}

/// The head is not whole: nothing of the part can be used.
pub(super) fn head_damaged() -> Fault {
    Fault::new(
        "packet_damaged",
        "这个数据包文件开头就不完整或已损坏，没有接收，没有做任何改动。请从对方那里再复制一次，或请对方重新导出：重新导出的包里会有全部内容。",
        "The beginning of this packet's file is damaged or not whole; nothing was changed. Copy it again, or ask for a new export: that will hold everything.",
    )
}

/// A part broke off or was altered; what came before that stands.
pub(super) fn damaged(part: u32, of: u32, segments: u64) -> Fault {
    let which_zh =
        if of == 1 { "数据包".to_owned() } else { format!("数据包第 {part} 部分（共 {of} 部分）") };
    let which_en = if of == 1 { "This packet".to_owned() } else { format!("Part {part} of {of} of this packet") };
    Fault::say(
        "packet_damaged",
        Say::owned(
            format!(
                "{which_zh}不完整或已损坏。其中完好的内容已经收下（新收 {segments} 段），不会丢失。请再复制一次，或请对方重新导出后再接收。"
            ),
            format!(
                "{which_en} is damaged or not whole. What was sound in it has been taken in ({segments} new segments) and stays. Copy it again, or ask for a new export."
            ),
        ),
    )
}

/// What was taken in, in one sentence.
pub(super) fn taken(incoming: &Incoming, came: &Came, summary: &Summary) -> Say {
    let (number, name) = (incoming.header.number, &incoming.name);
    let (mut zh, mut en) = if came.changes == 0 {
        (format!("{}第 {number} 号数据包：没有新内容", name.zh), format!("Packet {number} of {}: nothing new", name.en))
    } else {
        (
            format!("{}第 {number} 号数据包：新收 {} 条", name.zh, came.changes),
            format!("Packet {number} of {}: {} new changes", name.en, came.changes),
        )
    };
    if !summary.missing.is_empty() {
        let list = summary.missing.iter().map(u32::to_string).collect::<Vec<_>>();
        zh.push_str(&format!("；还缺第 {} 部分，请继续接收", list.join("、")));
        en.push_str(&format!("; part {} is still missing, please take it in too", list.join(", ")));
    } else if summary.complete {
        zh.push_str("；对方导出时的内容已收齐");
        en.push_str("; all that the other side had is here now");
    } else {
        zh.push_str("；对方还有内容没有收到，请导出一个数据包给对方，对方下次会补齐");
        en.push_str(
            "; something of the other side has not come yet: send a packet there, and its next one will be complete",
        );
    }
    if !summary.missing_numbers.is_empty() {
        let list = summary.missing_numbers.iter().map(u64::to_string).collect::<Vec<_>>();
        zh.push_str(&format!("；第 {} 号没有收到过", list.join("、")));
        en.push_str(&format!("; number {} never came", list.join(", ")));
    }
    if came.quarantined > 0 {
        zh.push_str(&format!("；有 {} 段不能使用，已另外保存", came.quarantined));
        en.push_str(&format!("; {} segments cannot be used and are kept aside", came.quarantined));
    }
    Say::owned(format!("{zh}。"), format!("{en}."))
}
