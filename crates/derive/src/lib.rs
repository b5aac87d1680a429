//! `#[derive(Record)]`: a record type is one struct; this writes down its field list and how a row is read into it.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, LitStr, meta::ParseNestedMeta, parse_macro_input};

/// Derives `niangjia_core::record::Record`.
///
/// On the struct: `#[record(name = "member", plural = "members", zh = "会员", en = "Member", title = "name")]`, and `moves = "itself"`
/// (or the field of the record that it moves with, or `"shared"`) for records that may stand in the streams of several offices.
/// On a field: `#[field(zh = "…", en = "…", kind = "text", codes = "…", link = "…", register = "…", section = "…",
/// sheet = "alias|alias", required, sensitive, search, listed, due, keyed, local, by_office)]`; `kind` is guessed from the type where
/// it is absent.
#[proc_macro_derive(Record, attributes(record, field))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}

#[derive(Default)]
struct RecordAttr {
    name: String,
    plural: String,
    zh: String,
    en: String,
    title: String,
    moves: String,
}

#[derive(Default)]
struct FieldAttr {
    zh: String,
    en: String,
    kind: String,
    codes: String,
    link: String,
    register: String,
    section: String,
    sheet: String,
    required: bool,
    sensitive: bool,
    search: bool,
    listed: bool,
    due: bool,
    keyed: bool,
    local: bool,
    by_office: bool,
}

fn text(meta: &ParseNestedMeta) -> syn::Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

fn record_attr(input: &DeriveInput) -> syn::Result<RecordAttr> {
    let mut out = RecordAttr::default();
    for attr in input.attrs.iter().filter(|a| a.path().is_ident("record")) {
        attr.parse_nested_meta(|meta| {
            let slot = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("name") => &mut out.name,
                Some("plural") => &mut out.plural,
                Some("zh") => &mut out.zh,
                Some("en") => &mut out.en,
                Some("title") => &mut out.title,
                Some("moves") => &mut out.moves,
                _ => return Err(meta.error("unknown key of #[record]")),
            };
            *slot = text(&meta)?;
            Ok(())
        })?;
    }
    Ok(out)
}

fn field_attr(field: &syn::Field) -> syn::Result<FieldAttr> {
    let mut out = FieldAttr::default();
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
        attr.parse_nested_meta(|meta| {
            match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("zh") => out.zh = text(&meta)?,
                Some("en") => out.en = text(&meta)?,
                Some("kind") => out.kind = text(&meta)?,
                Some("codes") => out.codes = text(&meta)?,
                Some("link") => out.link = text(&meta)?,
                Some("register") => out.register = text(&meta)?,
                Some("section") => out.section = text(&meta)?,
                Some("sheet") => out.sheet = text(&meta)?,
                Some("required") => out.required = true,
                Some("sensitive") => out.sensitive = true,
                Some("search") => out.search = true,
                Some("listed") => out.listed = true,
                Some("due") => out.due = true,
                Some("keyed") => out.keyed = true,
                Some("local") => out.local = true,
                Some("by_office") => out.by_office = true,
                _ => return Err(meta.error("unknown key of #[field]")),
            }
            Ok(())
        })?;
    }
    Ok(out)
}

fn kind_tokens(attr: &FieldAttr) -> proc_macro2::TokenStream {
    let (codes, link) = (&attr.codes, &attr.link);
    match attr.kind.as_str() {
        "" if !codes.is_empty() => quote!(::niangjia_core::record::Kind::Code(#codes)),
        "" if !link.is_empty() => quote!(::niangjia_core::record::Kind::Link(#link)),
        "name" => quote!(::niangjia_core::record::Kind::Name),
        "note" => quote!(::niangjia_core::record::Kind::Note),
        "id_number" => quote!(::niangjia_core::record::Kind::IdNumber),
        "phone" => quote!(::niangjia_core::record::Kind::Phone),
        "bank_card" => quote!(::niangjia_core::record::Kind::BankCard),
        "credit_code" => quote!(::niangjia_core::record::Kind::CreditCode),
        "area" => quote!(::niangjia_core::record::Kind::Area),
        "money" => quote!(::niangjia_core::record::Kind::Money),
        "bytes" => quote!(::niangjia_core::record::Kind::Bytes),
        "picture" => quote!(::niangjia_core::record::Kind::Picture),
        _ => quote!(),
    }
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let record = record_attr(input)?;
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(input, "a record type is a struct"));
    };
    let Fields::Named(named) = &data.fields else {
        return Err(syn::Error::new_spanned(input, "a record type has named fields"));
    };
    let mut fields = Vec::new();
    let (mut idents, mut types) = (Vec::new(), Vec::new());
    for field in &named.named {
        let attr = field_attr(field)?;
        let ident = field.ident.clone().expect("named field");
        let ty = &field.ty;
        let name = ident.to_string();
        if attr.zh.is_empty() || attr.en.is_empty() {
            return Err(syn::Error::new_spanned(
                field,
                "a field has a label in both languages: zh = \"…\", en = \"…\"",
            ));
        }
        let kind = kind_tokens(&attr);
        let kind = if kind.is_empty() { quote!(<#ty as ::niangjia_core::record::FieldValue>::KIND) } else { kind };
        let register = if attr.register.is_empty() { name.clone() } else { attr.register.clone() };
        let sheet: Vec<&str> = attr.sheet.split('|').filter(|s| !s.is_empty()).collect();
        let FieldAttr { zh, en, section, required, sensitive, search, listed, due, keyed, local, by_office, .. } =
            &attr;
        fields.push(quote!(::niangjia_core::record::Field {
            name: #name, zh: #zh, en: #en, kind: #kind, register: #register, section: #section,
            sheet: &[#(#sheet),*], required: #required, sensitive: #sensitive, search: #search, listed: #listed,
            due: #due,
            keyed: #keyed,
            local: #local,
            by_office: #by_office,
        }));
        idents.push(ident);
        types.push(ty);
    }
    let RecordAttr { name, plural, zh, en, title, moves } = record;
    let title = idents
        .iter()
        .position(|i| *i == title)
        .ok_or_else(|| syn::Error::new_spanned(&input.ident, "#[record(title = …)] names one of the fields"))?;
    let moves = match moves.as_str() {
        "" => quote!(::niangjia_core::record::Moves::Never),
        "itself" => quote!(::niangjia_core::record::Moves::Itself),
        "shared" => quote!(::niangjia_core::record::Moves::Shared),
        field if idents.iter().any(|i| i == field) => quote!(::niangjia_core::record::Moves::With(#field)),
        _ => return Err(syn::Error::new_spanned(&input.ident, "#[record(moves = …)] names one of the fields")),
    };
    let ty = &input.ident;
    let places = 0..idents.len();
    Ok(quote! {
        impl ::niangjia_core::record::Record for #ty {
            const TYPE: &'static ::niangjia_core::record::RecordType = &::niangjia_core::record::RecordType {
                name: #name, plural: #plural, zh: #zh, en: #en, title: #title, fields: &[#(#fields),*], moves: #moves,
            };
            fn from_values(values: &[::niangjia_core::record::Value]) -> Result<Self, ::niangjia_core::fault::Fault> {
                Ok(Self { #(#idents: ::niangjia_core::record::read_field(Self::TYPE, #places, values)?),* })
            }
            fn into_values(self) -> Vec<::niangjia_core::record::Value> {
                vec![#(<#types as ::niangjia_core::record::FieldValue>::write(self.#idents)),*]
            }
        }
    })
}
