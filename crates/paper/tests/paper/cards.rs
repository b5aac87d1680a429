//! Cards: the code on the back is scanned again, backs lie behind their faces, stock is spared.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::look::{codes, drawn, example, ink, page};
use crate::read::letters;

/// Twelve cards whose faces and backs say which they are.
fn twelve(side: &str) -> Value {
    let items: Vec<Value> =
        (0..12).map(|n| json!({"name": format!("王{n:02}"), "qr": format!("NJ1:CARD-{n:02}")})).collect();
    json!({"form": "card_sheet", "side": side, "items": items})
}

#[test]
fn the_code_on_a_card_is_read_from_paper_of_300_points_an_inch() {
    let job = example("card_back");
    let image = page(&drawn(&job).unwrap(), 0, 300.0);
    let found = codes(&image, 300.0);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, job["data"]["qr"].as_str().unwrap());
    // And from an office printer that is set to draft.
    assert_eq!(codes(&page(&drawn(&job).unwrap(), 0, 150.0), 150.0).len(), 1);
}

#[test]
fn the_code_on_a_slip_is_read() {
    let job = example("slip");
    let found = codes(&page(&drawn(&job).unwrap(), 0, 200.0), 200.0);
    assert_eq!(found[0].0, job["data"]["qr"].as_str().unwrap());
}

#[test]
fn modules_are_half_a_millimetre_with_four_of_white_around() {
    // Version 1: 21 modules.
    let paper = drawn(&json!({"form": "card_back", "stock": "preprinted", "data": {"qr": "NJ1"}})).unwrap();
    let (top, bottom, left, right) = ink(&page(&paper, 0, 508.0)); // ten points a module
    assert_eq!((bottom - top + 1, right - left + 1), (210, 210));
    // The edge of the card is further away than the white zone.
    assert!(top >= 40 && left >= 40);
}

#[test]
fn the_largest_code_stays_on_the_card_and_a_larger_one_is_refused() {
    let back = |letters: usize| json!({"form": "card_back", "data": {"qr": "A".repeat(letters), "return_to": "东海县总工会".repeat(15)}});
    let paper = drawn(&back(419)).unwrap();
    assert_eq!(codes(&page(&paper, 0, 300.0), 300.0)[0].0, "A".repeat(419));
    assert_eq!(drawn(&back(420)).err().unwrap().code, "code_unfit");
    assert_eq!(drawn(&json!({"form": "card_back", "data": {"qr": "王芳"}})).err().unwrap().code, "code_unfit");
}

#[test]
fn backs_lie_behind_their_faces_when_the_sheet_is_turned() {
    let paper = drawn(&twelve("both")).unwrap();
    assert_eq!(paper.report.pages, 4);
    let faces = letters(paper.pdf().unwrap());
    for (face, back, count) in [(0, 1, 10), (2, 3, 2)] {
        let image = page(&paper, back, 203.2); // eight points a millimetre
        let mut found = 0;
        for (row, column) in (0..5).flat_map(|row| [(row, 0), (row, 1)]) {
            let (x, y) = (155.0 + 684.8 * f64::from(column), 108.0 + 432.0 * f64::from(row));
            let card = image::imageops::crop_imm(&image, x as u32, y as u32, 684, 432).to_image();
            let Some((text, ..)) = codes(&card, 203.2).pop() else { continue };
            found += 1;
            let name = format!("王{}", text.strip_prefix("NJ1:CARD-").unwrap());
            let text: Vec<&str> = faces[face].iter().map(|letter| letter.text.as_str()).collect();
            let at = text.windows(3).position(|window| window.concat() == name).unwrap();
            let (x, y) = (faces[face][at].x / 72.0 * 25.4, 297.0 - faces[face][at].y / 72.0 * 25.4);
            // Turned on the long edge, what is left comes to lie right.
            assert_eq!((((y - 13.5) / 54.0) as i32, 1 - ((x - 19.4) / 85.6) as i32), (row, column), "{name}");
        }
        assert_eq!(found, count);
    }
    assert_eq!(drawn(&twelve("front")).unwrap().report.pages, 2);
    assert_eq!(drawn(&twelve("back")).unwrap().report.pages, 2);
}

#[test]
fn stock_that_is_printed_already_gets_only_what_differs() {
    let mut job = example("card_front");
    let whole: String =
        letters(drawn(&job).unwrap().pdf().unwrap())[0].iter().map(|letter| letter.text.clone()).collect();
    job["stock"] = json!("preprinted");
    let page = letters(drawn(&job).unwrap().pdf().unwrap()).remove(0);
    let text: String = page.iter().map(|letter| letter.text.clone()).collect();
    assert!(whole.contains("工会会员证") && whole.contains("所在工会"));
    assert!(!text.contains("会员证号") && !text.contains("所在工会"), "{text}");
    assert!(text.contains("王芳") && text.contains("9901 0110 3000 2026 0000 1237"), "{text}");
}

#[test]
fn a_photo_is_printed_and_half_a_photo_refused() {
    let mut job = example("card_front");
    let ppi = 254.0;
    // Its middle, where the made-up person's face is, is grey.
    let face = page(&drawn(&job).unwrap(), 0, ppi).get_pixel(700, 240).0[0];
    assert!((100..200).contains(&face), "{face}");
    let whole = job["data"]["photo"].as_str().unwrap().to_owned();
    job["data"]["photo"] = json!(whole[..400]);
    assert_eq!(drawn(&job).err().unwrap().code, "photo_unreadable");
    // Photos lie in memory as points until all is written, so they are bounded together.
    let mut many = job.clone();
    many["form"] = json!("card_sheet");
    many["items"] = json!(vec![json!({"photo": large()}); 10]);
    many.as_object_mut().unwrap().remove("data");
    assert_eq!(drawn(&many).err().unwrap().code, "job_too_large");
    job["data"]["photo"] = json!("R0lGODlhAQABAAAAACw=");
    assert_eq!(drawn(&job).err().unwrap().code, "job_unreadable");
}

/// The head of a picture of 4000 × 4000 points, which is all that is looked at before anything is drawn.
fn large() -> String {
    let mut png = Vec::new();
    let white = image::GrayImage::from_pixel(4000, 4000, image::Luma([255]));
    white.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    base64::engine::general_purpose::STANDARD.encode(png)
}
