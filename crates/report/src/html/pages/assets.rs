//! The style sheet, the script and the icon of the pages, under names that change with their bytes.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// A file that pages load. Its name holds the beginning of its SHA-256, so that it can be kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Its media type, as the header `Content-Type` gives it.
    pub content_type: &'static str,
}

/// The names of the three files as they are now.
struct Names {
    css: String,
    js: String,
    icon: String,
}

const CSS: Asset = Asset {
    bytes: include_bytes!("../../../templates/pages/site.css"),
    content_type: "text/css; charset=utf-8",
};
const JS: Asset = Asset {
    bytes: include_bytes!("../../../templates/pages/site.js"),
    content_type: "text/javascript; charset=utf-8",
};
const ICON: Asset = Asset {
    bytes: include_bytes!("../../../templates/pages/icon.svg"),
    content_type: "image/svg+xml",
};

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| Names {
        css: hashed("site", "css", &CSS),
        js: hashed("site", "js", &JS),
        icon: hashed("icon", "svg", &ICON),
    })
}

fn hashed(stem: &str, end: &str, asset: &Asset) -> String {
    let digest = Sha256::digest(asset.bytes);
    let begins: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{stem}-{begins}.{end}")
}

/// Finds the file that pages load as `/assets/NAME`; `None` for any other name.
///
/// ```
/// use codeyear_report::html::pages;
/// let names = pages::asset_names();
/// assert!(names.iter().all(|name| pages::asset(name).is_some()));
/// assert!(pages::asset("site.css").is_none());
/// ```
pub fn asset(name: &str) -> Option<Asset> {
    let names = names();
    if name == names.css {
        Some(CSS)
    } else if name == names.js {
        Some(JS)
    } else if name == names.icon {
        Some(ICON)
    } else {
        None
    }
}

/// Lists the names that [`asset`] knows: style sheet, script, icon.
pub fn asset_names() -> [&'static str; 3] {
    let names = names();
    [&names.css, &names.js, &names.icon]
}
