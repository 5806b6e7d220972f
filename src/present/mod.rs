//! A value to text, Markdown, HTML, CSV or JSON. Nothing here asks a database or a clock.

pub mod html;
pub mod marks;
